"""Side lobe: cells so near to a boundary that its echo through the side lobes drowns the water's."""

from dataclasses import dataclass

import numpy as np

from qc.check import Block, Check
from qc.flags import FAIL, NOT_RUN, PASS, Outcomes


@dataclass(frozen=True)
class SideLobeParams:
    """Where the boundary is.

    Attributes
    ----------
    boundary_metres
        From the transducer to the surface (looking up) or the seafloor (looking down), along the vertical.
    first_cell_metres, cell_metres
        Middle of the first cell and distance between cells.
    beam_degrees
        Angle of the beams from the axis.
    """

    boundary_metres: float
    first_cell_metres: float
    cell_metres: float
    beam_degrees: float = 20.0

    def __post_init__(self) -> None:
        if not (self.boundary_metres > 0 and self.first_cell_metres > 0 and self.cell_metres > 0):
            raise ValueError("boundary_metres, first_cell_metres and cell_metres are expected above 0")
        if not 0 < self.beam_degrees < 90:
            raise ValueError(f"beam_degrees is {self.beam_degrees}, expected between 0 and 90")


def side_lobe(block: Block, params: SideLobeParams) -> Outcomes:
    """Fail every cell that reaches beyond the boundary's distance times the cosine of the beam angle.

    There the side lobe that points straight at the boundary brings its echo back at the same time as the cell's. The
    far edge of a cell counts. Time and the other samples play no part; NaN is not run. For an instrument at 1,100 m
    that looks up with a range of 100 m no cell comes so near: the check belongs to plans that name a boundary.
    """
    shape = block.value.shape
    cells = shape[1] if len(shape) > 1 else 1
    far_edge = params.first_cell_metres + (np.arange(cells) + 0.5) * params.cell_metres
    clean = far_edge <= params.boundary_metres * np.cos(np.radians(params.beam_degrees))
    verdict = np.where(clean, PASS, FAIL).reshape((1, cells) + (1,) * (len(shape) - 2))
    verdict = verdict[:, 0] if len(shape) == 1 else verdict
    return np.where(np.isnan(block.value), NOT_RUN, verdict).astype(np.uint8)


CHECK = Check(name="side_lobe", slot=18, params=SideLobeParams, kernel=side_lobe, kind="profile")
