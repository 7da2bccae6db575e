"""A 19plus V2 with four external voltages, and .xmlcon files for it."""

WATER = """
<Sensor index="0" SensorID="58"><TemperatureSensor SensorID="58"><SerialNumber>6130</SerialNumber>
  <A0>1.28015621e-003</A0><A1>2.58367774e-004</A1><A2>-1.39527596e-008</A2><A3>1.39024630e-007</A3>
  <Slope>1.0</Slope><Offset>0.0</Offset></TemperatureSensor></Sensor>
<Sensor index="1" SensorID="3"><ConductivitySensor SensorID="3"><UseG_J>1</UseG_J>
  <Coefficients equation="1"><G>-1.02365730</G><H>1.49306223e-001</H><I>-5.63206187e-004</I><J>6.51821272e-005</J>
  <CPcor>-9.57e-008</CPcor><CTcor>3.25e-006</CTcor><WBOTC>0.0</WBOTC></Coefficients>
  <Coefficients equation="0"><A>9.0</A><CPcor>9.0</CPcor></Coefficients>
  <Slope>1.0</Slope><Offset>0.0</Offset></ConductivitySensor></Sensor>
<Sensor index="2" SensorID="46"><PressureSensor SensorID="46"><PA0>6.51546669e-002</PA0><PA1>1.54424116e-003</PA1>
  <PA2>6.13653149e-012</PA2><PTEMPA0>-6.28624239e+001</PTEMPA0><PTEMPA1>5.41620689e+001</PTEMPA1>
  <PTEMPA2>-2.96026659e-001</PTEMPA2><PTCA0>5.24108391e+005</PTCA0><PTCA1>5.47371611</PTCA1>
  <PTCA2>-1.53365246e-001</PTCA2><PTCB0>2.59008750e+001</PTCB0><PTCB1>7.75e-004</PTCB1><PTCB2>0.0</PTCB2>
  <Offset>0.0</Offset></PressureSensor></Sensor>"""
SBE_43 = """<OxygenSensor SensorID="38"><SerialNumber>3287</SerialNumber><CalibrationDate>03-Oct-09</CalibrationDate>
  <Use2007Equation>{use}</Use2007Equation>
  <CalibrationCoefficients equation="0"><Boc>0.0</Boc><Soc>9.0</Soc><offset>9.0</offset></CalibrationCoefficients>
  <CalibrationCoefficients equation="1"><Soc>0.4792</Soc><offset>-0.484</offset><A>-3.661e-3</A><B>1.7812e-4</B>
  <C>-2.5951e-6</C><E>0.036</E><Tau20>2.05</Tau20></CalibrationCoefficients></OxygenSensor>"""
ECO = """<FluoroWetlabECO_AFL_FL_Sensor SensorID="20"><SerialNumber>FLNTURT-1102</SerialNumber>
  <ScaleFactor>10.0</ScaleFactor><Vblank>0.068</Vblank></FluoroWetlabECO_AFL_FL_Sensor>"""
NTU = """<TurbidityMeter SensorID="67"><ScaleFactor>5.0</ScaleFactor>
  <DarkVoltage>0.059</DarkVoltage></TurbidityMeter>"""
POLYNOMIAL = """<UserPolynomialSensor SensorID="61"><SensorName>METS</SensorName><A0>0</A0></UserPolynomialSensor>"""
NOT_IN_USE = """<NotInUse SensorID="27"><OutputType>2</OutputType></NotInUse>"""
HEADER = """* Sea-Bird SBE19plus Data File:
* SBE 19plus V 2.5.2  SERIAL NO. 6130    12 Dec 2016 09:24:17
* mode = profile, minimum cond freq = 3128, pump delay = 60 sec
* pressure sensor = strain gauge, range = 508.0
* Ext Volt 0 = no, Ext Volt 1 = yes
* Ext Volt 2 = yes, Ext Volt 3 = no
* Ext Volt 4 = yes, Ext Volt 5 = yes
*END*
"""
# Temperature, conductivity, pressure with its temperature, and volts of channels 1, 2, 4 and 5.
VOLTS = (1.5, 0.75, 0.3, 2.0)
LINE = "04ECEE" + "170C00" + "0824235091" + "".join(f"{round(volts * 13_107):04X}" for volts in VOLTS)


def xmlcon_file(*sensors, channels=None):
    listed = "".join(f'<Sensor index="{3 + n}">{one}</Sensor>' for n, one in enumerate(sensors))
    """An .xmlcon of a 19plus V2 with these sensors on its voltages, in order."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<SBE_InstrumentConfiguration SB_ConfigCTD_FileVersion="7.26.0.0">'
        f'<Instrument Type="8"><Name>SBE 19plus V2 Seacat CTD</Name><PressureSensorType>1</PressureSensorType>'
        f"<ExternalVoltageChannels>{len(sensors) if channels is None else channels}</ExternalVoltageChannels>"
        f"<Mode>1</Mode><SensorArray>{WATER}{listed}</SensorArray></Instrument></SBE_InstrumentConfiguration>"
    ).encode()
