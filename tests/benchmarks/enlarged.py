"""Large files of every format, for measuring: the header of a small file, and its whole records over and over.

Each reader has at least one row in `ORIGINALS`; `test_decode_table.py` holds the list complete, and every row to giving
the records of its small file as often as they were repeated, with no other byte rejected.
"""

import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import ingest
from sample_data.instruments import pd0, sbe37
from tests.benchmarks import enlarged_containers as containers
from tests.ingest.conftest import CORPUS, places
from tests.ingest.made.declared import BESIDE, made_declared
from tests.ingest.made.files import made_files

MEGABYTE = 1_000_000
LEAST = 20 * MEGABYTE

Grow = Callable[["Original", bytes, int], bytes]
"""`grow(original, content, times)`: the same file with its records `times` times."""


@dataclass(frozen=True)
class Original:
    """A small file that is enlarged.

    Attributes
    ----------
    what
        Its row's name in the table.
    reader
        The reader that claims it.
    file
        Its place in the corpus (`folder/name`), or the name of a made or simulated file.
    text
        Whether the goal for text holds, else that for binary formats.
    grow
        How it is enlarged.
    body
        First byte and byte after the last of what is repeated; None for all between the first and the last record.
    least
        Wanted bytes.
    beside
        End of the name of a second file that declares the format, and its content.
    remark
        What a reader of the table has to know of the file; why it is smaller than `LEAST`, where it is.
    """

    what: str
    reader: str
    file: str
    text: bool
    grow: Grow
    body: tuple[int, int | None] | None = None
    least: int = LEAST
    remark: str = ""
    beside: tuple[str, bytes] = ("", b"")

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return Path(self.file).name


def available(original: Original) -> bool:
    """Whether the small file is here."""
    return "/" not in original.file or (CORPUS / original.file).is_file()


def small(original: Original) -> bytes:
    """Content of the small file."""
    if "/" in original.file:
        return (CORPUS / original.file).read_bytes()
    return _own_files()[original.file]


@cache
def _own_files() -> dict[str, bytes]:
    return {**dict(made_files()), **dict(made_declared()), **dict(_simulated())}


def _simulated() -> Iterator[tuple[str, bytes]]:
    with tempfile.TemporaryDirectory() as folder:
        for name, write in (
            ("sentinel.000", lambda path: pd0.write(path, ensembles=100)),
            ("sbe37.hex", lambda path: sbe37.write(path, count=3000)),
        ):
            path = Path(folder) / name
            write(path)
            yield name, path.read_bytes()


def write(original: Original, content: bytes, target: Path) -> None:
    """Write a file, and what has to lie beside it."""
    target.write_bytes(content)
    if original.beside[0]:
        Path(f"{target}{original.beside[0]}").write_bytes(original.beside[1])


def enlarge(original: Original, target: Path, least: int | None = None) -> int:
    """Write the large file; returns its size, of at least `least` bytes (the original's own `least` where None)."""
    wanted = original.least if least is None else least
    content = small(original)
    times = max(1, -(-wanted // len(content)))
    grown = original.grow(original, content, times)
    while len(grown) < wanted:  # headers count once only, and containers compress
        times = times * wanted // len(grown) + 1
        grown = original.grow(original, content, times)
    write(original, grown, target)
    return len(grown)


def body(original: Original, content: bytes) -> tuple[int, int]:
    """First byte and byte after the last of what is repeated."""
    if original.body is not None:
        return original.body[0], len(content) if original.body[1] is None else original.body[1]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / original.name
        write(original, content, path)
        found = [(start.min(), stop.max()) for _, start, stop in places(ingest.decode(path)) if start.size]
    return int(min(start for start, _ in found)), int(max(stop for _, stop in found))


def repeat(original: Original, content: bytes, times: int) -> bytes:
    """The bytes before the first record, then all from the first to the last record `times` times."""
    first, stop = body(original, content)
    return content[:first] + content[first:stop] * times


def repeat_lines(original: Original, content: bytes, times: int) -> bytes:
    """The same by whole lines."""
    first, stop = body(original, content)
    first = content.rfind(b"\n", 0, first) + 1
    stop = content.find(b"\n", stop - 1) + 1 or len(content)
    return content[:first] + content[first:stop] * times


def repeat_rows(original: Original, content: bytes, times: int) -> bytes:
    """The same for a .cnv, whose header tells the number of rows."""
    grown = repeat(original, content, times) if not original.text else repeat_lines(original, content, times)
    rows = re.search(rb"# nvalues = (\d+)", content)
    assert rows is not None
    return grown.replace(rows[0], b"# nvalues = %d" % (int(rows[1]) * times), 1)


def _container(grow: Callable[[bytes, int], bytes]) -> Grow:
    return lambda original, content, times: grow(content, times)


AD2CP = Original("Nortek AD2CP", "nortek_ad2cp", "nortek_ad2cp/BenchFile01.ad2cp", False, repeat, (5812, 1_056_052))
VECTOR = Original("Nortek Vector", "nortek_classic", "nortek_vec/vector_data01.VEC", False, repeat, (784, 2_999_984))
AWAC = Original("Nortek AWAC", "nortek_classic", "nortek_wpr/AWAC_test01.wpr", False, repeat, (784, 2_999_884))
AQUADOPP_HR = Original("Nortek Aquadopp HR", "nortek_classic", "nortek_prf/AQD_HR.prf", False, repeat, (784, None))
PD0 = Original("RDI PD0", "rdi_pd0", "sentinel.000", False, repeat)
SBE37_HEX = Original("SBE 37 .hex", "sbe_hex", "sbe37.hex", True, repeat_lines)
CNV = Original("Sea-Bird .cnv", "sbe_cnv", "sbe_cnv/SBE37SM-RS232_03716125_2017_11_16.cnv", True, repeat_rows)
RSK = Original("RBR .rsk 2.x", "rbr_rsk", "made_2_10_0.rsk", False, _container(containers.rsk))

ORIGINALS = (
    AD2CP,
    Original("AD2CP averages", "nortek_ad2cp", "nortek_ad2cp/Sig100_avg.ad2cp", False, repeat),
    VECTOR,
    AWAC,
    AQUADOPP_HR,
    Original("Nortek Aquadopp", "nortek_classic", "nortek_aqd/VELPT_SN_11402_2014-07-02.aqd", False, repeat),
    Original("Vector in a log", "nortek_classic", "nortek_vec_stream/20141007.vel3d.log", False, repeat),
    PD0,
    Original("PD0, bottom track", "rdi_pd0", "rdi_pd0/RDI_withBT.000", False, repeat),
    Original("PD0, Sentinel V", "rdi_pd0", "rdi_pd0/sentinelv_b5.pd0", False, repeat),
    Original("PD0 as hex in logs", "rdi_pd0_hexlog", "rdi_pd0_hexlog/20140424.adcpt.log", True, repeat_lines),
    Original("PD8", "rdi_pd8_text", "rdi_pd8_text/20131201.adcp_mod.log", True, repeat_lines),
    Original("SonTek PC-ADP", "sontek_adp", "sontek_adp/oce_adp_sontek.adp", False, repeat, (416, 39572)),
    Original("SonTek ADV", "sontek_adv", "recorded.adr", False, repeat),
    SBE37_HEX,
    Original("SBE 19plus V2 .hex", "sbe_hex", "sbe_hex/19plus_V2.hex", True, repeat_lines),
    Original("SBE 39plus .hex", "sbe_hex", "sbe_hex/SBE39plus.hex", True, repeat_lines),
    Original("SBE 16plus .hex", "sbe_hex", "sbe16plus_hex_dcl/data1_endurance.log", True, repeat_lines),
    Original("SBE .hex without header", "sbe_hex_bare", "20171110.ctdbp.log", True, repeat_lines),
    Original("SBE 26plus .hex", "sbe26plus_hex", "sbe26plus_hex/presf_abc_test_3.hex", True, repeat_lines),
    Original("SBE 37-IM, SIO", "sbe37im_sio", "sbe37im_sio/CTD02100.DAT", True, repeat),
    Original("SBE 37-IM status", "sbe37im_imodem", "sbe37im_imodem/ctdmo01_20140712_120719.DAT", True, repeat_lines),
    CNV,
    Original("Sea-Bird binary .cnv", "sbe_cnv", "binary.cnv", False, repeat_rows),
    Original("SBE 16plus lines", "sbe16plus_dcl", "sbe16plus_dcl/20131123.ctdbp1.log", True, repeat_lines),
    Original("SBE 16plus-IM, modem", "sbe16plus_imodem", "ctd_modem.DAT", True, repeat_lines),
    Original("SBE 26plus lines", "sbe26plus_dcl", "sbe26plus_dcl/20131013.presf.log", True, repeat_lines),
    Original("SBE 52-MP", "sbe52mp_text", "sbe52mp_text/test_data_3.txt", True, repeat_lines),
    Original("SeapHOx lines", "seaphox_imodem", "seaphox.DAT", True, repeat_lines),
    Original("SeapHOx, logger", "seaphox_dcl", "20240903.cphox1.log", True, repeat_lines),
    Original("Aanderaa optode", "aanderaa_optode", "aanderaa_optode_dcl/20150330.dosta1.log", True, repeat_lines),
    Original("Optode, SIO", "aanderaa_optode_sio", "aanderaa_optode_sio/DOS15908_1st7.DAT", True, repeat_lines),
    Original("WET Labs ECO", "wetlabs_eco", "wetlabs_eco_flort_dcl/20140101.flort_real.log", True, repeat_lines),
    Original("WET Labs ECO, SIO", "wetlabs_eco_sio", "wetlabs_eco_sio/node59p1_0.flort.dat", True, repeat),
    Original("Pro-Oceanus CO2", "pro_oceanus_co2", "pro_oceanus_co2_dcl/20140217.pco2a.log", True, repeat_lines),
    Original("HydroC", "contros_hydroc", "SD_datafile_20211201.txt", True, repeat_lines),
    Original("SUNA", "suna", "suna_csv/instrument_recovered_good.CSV", True, repeat_lines),
    Original("LISST-200X", "lisst200x", "lisst200x_dcl/20240322.prtsz2.log", True, repeat_lines),
    Original("SAMI2 pCO2 lines", "sami2", "sami2_pco2_dcl/20140507.pco2w1.log", True, repeat_lines),
    Original("SAMI2 pH lines", "sami2", "sami2_ph_dcl/CE01ISSM-D00001-dcl35-phsen2_20140424.phsen2.log", True,
             repeat_lines),
    Original("SAMI2 upload", "sami2_recovered", "sami2_ph_recovered/SAMI_P0080_180713_integration_control_ph.txt",
             True, repeat_lines),
    Original("SAMI2 pH, SIO", "sami2_sio", "sami2_ph_sio/node59p1_1.phsen.dat", True, repeat),
    Original("SAMI2 pH, modem", "sami2_imodem", "phsen1_20140831_160549.DAT", True, repeat_lines),
    Original("Raman .spc", "raman_spc", "multi.spc", False, _container(containers.spc)),
    RSK,
    Original("RBR .rsk 1.x", "rbr_rsk", "rbr_rsk/060130_20150904_1159.rsk", False, _container(containers.rsk)),
    Original("RBR Ruskin .mat", "rbr_ruskin_mat", "rbr_ruskin_mat/DSE18_013874_20180827_1410.mat", False,
             _container(containers.mat),
             remark="compressed: 20 MB are 250 MB, with 2.2 million times as texts in cells"),
    Original("NetCDF, IMOS", "cf_netcdf", "imos_timeseries_nc/IMOS_ANMN-NRS_BCKOSTUZ_20181213T080038Z_NRSROT_FV01_"
             "NRSROT-1812-WQM-55_END-20181215T013118Z_C-20190828T000000Z.nc", False,
             _container(containers.netcdf), remark="compressed"),
    Original("NetCDF, OceanSITES", "cf_netcdf", "oceansites_nc/OS_wb2_9_201114_3216_P.nc", False,
             _container(containers.netcdf), remark="compressed"),
    Original("RBR Ruskin text", "rbr_ruskin_text", "014786_eng.txt", True, repeat_lines),
    Original("SeaGuard text", "seaguard_text", "seaguard_rcm.txt", True, repeat_lines),
    Original("SeaGuard XML", "seaguard_xml", "seaguard.xml", True, repeat),
    Original("Declared text", "declared_text", "own_logger.txt", True, repeat_lines,
             beside=(".format.yaml", BESIDE["own_logger.txt"])),
    Original("Fluid samples", "fluid_sample_chem_csv", "fluid_sample_chem_csv/rasfl_chemdata_example.csv", True,
             repeat_lines),
)  # fmt: skip
