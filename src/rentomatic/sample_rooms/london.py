"""Parts of London and its surroundings: where sample rooms are."""

from dataclasses import dataclass
from math import cos, hypot, radians

KILOMETRES = 111.2
"""In a degree of latitude."""

_FARTHEST = 4.0
"""Kilometres from the centre of a neighbourhood beyond which nobody would call it by that name."""


@dataclass(frozen=True, slots=True)
class Quarter:
    """A part of town: where it is, how far it spreads in km, its share of rooms, and its prices.

    price: what 20 m² cost a day there.
    """

    latitude: float
    longitude: float
    spread: float
    share: int
    price: int


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """A name on the map. landmark: what people look for there."""

    name: str
    latitude: float
    longitude: float
    landmark: str


# Town centres in and around London with round, invented figures.
QUARTERS = (
    Quarter(51.5120, -0.1230, 1.2, 16, 96),
    Quarter(51.5390, -0.1430, 1.1, 12, 74),
    Quarter(51.5260, -0.0780, 1.0, 13, 78),
    Quarter(51.4975, -0.1750, 1.0, 10, 98),
    Quarter(51.5050, -0.2180, 1.1, 7, 72),
    Quarter(51.4620, -0.1150, 1.3, 9, 58),
    Quarter(51.4790, -0.0100, 1.4, 7, 54),
    Quarter(51.5420, -0.0030, 1.4, 8, 52),
    Quarter(51.5590, -0.1200, 1.5, 6, 55),
    Quarter(51.4120, -0.3010, 1.6, 4, 44),
    Quarter(51.3760, -0.0980, 1.8, 4, 38),
    Quarter(51.5580, 0.0700, 1.8, 4, 40),
    Quarter(51.7520, -0.3390, 2.0, 3, 42),
    Quarter(51.4460, 0.2170, 2.2, 2, 35),
    Quarter(51.5300, -0.1000, 14.0, 8, 45),
)

_NAMES = """
Covent Garden 51.5117 -0.1240 the Royal Opera House
Soho 51.5136 -0.1365 Soho Square
Holborn 51.5174 -0.1180 Lincoln’s Inn Fields
Bloomsbury 51.5220 -0.1270 the British Museum
Fitzrovia 51.5190 -0.1390 Fitzroy Square
Marylebone 51.5225 -0.1530 Marylebone High Street
Mayfair 51.5095 -0.1475 Green Park
Clerkenwell 51.5235 -0.1060 Exmouth Market
Waterloo 51.5031 -0.1132 the South Bank
Westminster 51.4975 -0.1357 St James’s Park
Camden Town 51.5390 -0.1426 Camden Lock
Kentish Town 51.5505 -0.1410
Primrose Hill 51.5400 -0.1560 Regent’s Park
King’s Cross 51.5320 -0.1240 Granary Square
Somers Town 51.5310 -0.1330 St Pancras station
Belsize Park 51.5500 -0.1650 Hampstead Heath
Chalk Farm 51.5440 -0.1530 the Roundhouse
Shoreditch 51.5265 -0.0790 Arnold Circus
Hoxton 51.5320 -0.0800 Hoxton Square
Spitalfields 51.5190 -0.0750 Spitalfields Market
Bethnal Green 51.5270 -0.0580 Columbia Road
Old Street 51.5257 -0.0880 Bunhill Fields
Whitechapel 51.5170 -0.0650 the Whitechapel Gallery
Haggerston 51.5380 -0.0760 the Regent’s Canal
South Kensington 51.4941 -0.1738 the Natural History Museum
Chelsea 51.4875 -0.1680 the King’s Road
Knightsbridge 51.5015 -0.1600 Hyde Park
Kensington 51.5010 -0.1925 Kensington Gardens
Earl’s Court 51.4920 -0.1950
Bayswater 51.5120 -0.1880 Queensway
Shepherd’s Bush 51.5046 -0.2187 Shepherd’s Bush Green
Notting Hill 51.5090 -0.1960 Portobello Road
Holland Park 51.5030 -0.2050 the Kyoto Garden
Hammersmith 51.4925 -0.2230 Hammersmith Bridge
White City 51.5120 -0.2240
Ladbroke Grove 51.5170 -0.2100 Golborne Road
Acton 51.5080 -0.2600 Acton Park
Brixton 51.4613 -0.1156 Brixton Market
Stockwell 51.4720 -0.1230
Clapham 51.4620 -0.1380 Clapham Common
Camberwell 51.4740 -0.0930 Burgess Park
Herne Hill 51.4530 -0.1010 Brockwell Park
Oval 51.4820 -0.1130 Kennington Park
Balham 51.4430 -0.1520
Peckham 51.4700 -0.0690 Peckham Rye
Battersea 51.4700 -0.1640 Battersea Park
Greenwich 51.4800 -0.0050 the Cutty Sark
Blackheath 51.4660 0.0080 the heath
Deptford 51.4780 -0.0260 Deptford Market
Lewisham 51.4620 -0.0120
Isle of Dogs 51.4930 -0.0150 Millwall Park
Canary Wharf 51.5050 -0.0190 Canada Square
New Cross 51.4760 -0.0330 Telegraph Hill
Charlton 51.4860 0.0300 Charlton Park
Stratford 51.5420 -0.0030 the Olympic Park
Hackney Wick 51.5430 -0.0250 the River Lea
Bow 51.5270 -0.0220 Victoria Park
Leyton 51.5600 -0.0070
Forest Gate 51.5500 0.0260 Wanstead Flats
Hackney 51.5450 -0.0550 London Fields
Holloway 51.5530 -0.1170 Holloway Road
Finsbury Park 51.5640 -0.1060
Highbury 51.5530 -0.0980 Highbury Fields
Tufnell Park 51.5570 -0.1380
Archway 51.5650 -0.1340 Waterlow Park
Crouch End 51.5790 -0.1240 Alexandra Palace
Highgate 51.5710 -0.1490 Highgate Wood
Islington 51.5380 -0.1030 Camden Passage
Stoke Newington 51.5620 -0.0740 Clissold Park
Kingston upon Thames 51.4100 -0.3000 Kingston Bridge
Surbiton 51.3940 -0.3040
Teddington 51.4250 -0.3320 Teddington Lock
New Malden 51.4000 -0.2590
Norbiton 51.4120 -0.2840
Hampton Wick 51.4145 -0.3120 Bushy Park
Richmond 51.4610 -0.3030 Richmond Park
Twickenham 51.4470 -0.3300
Croydon 51.3750 -0.0980 East Croydon station
South Croydon 51.3580 -0.0950
Thornton Heath 51.3980 -0.1000 Grangewood Park
Addiscombe 51.3800 -0.0750
Waddon 51.3680 -0.1170 Wandle Park
Ilford 51.5590 0.0700 Valentines Park
Gants Hill 51.5770 0.0660
Seven Kings 51.5640 0.0970
Manor Park 51.5520 0.0460
Barking 51.5390 0.0810
Wanstead 51.5760 0.0280 Wanstead Park
St Albans 51.7520 -0.3390 the Cathedral
Fleetville 51.7530 -0.3160 Clarence Park
Marshalswick 51.7680 -0.3100
Sopwell 51.7390 -0.3330
Dartford 51.4460 0.2170 Central Park
Crayford 51.4510 0.1790
Wilmington 51.4310 0.2060
Stone 51.4470 0.2550
Wimbledon 51.4210 -0.2060 Wimbledon Common
Tooting 51.4280 -0.1680 Tooting Bec Common
Ealing 51.5130 -0.3040 Walpole Park
Harrow 51.5800 -0.3340
Wembley 51.5520 -0.2960 Wembley Park
Kilburn 51.5370 -0.1920
Hampstead 51.5560 -0.1780 Hampstead Heath
Finchley 51.5990 -0.1870
Barnet 51.6530 -0.2000
Enfield 51.6520 -0.0810
Walthamstow 51.5860 -0.0200 Lloyd Park
Tottenham 51.5880 -0.0680
Wood Green 51.5970 -0.1090
Bermondsey 51.4980 -0.0640 Maltby Street
Crystal Palace 51.4180 -0.0730 Crystal Palace Park
Bromley 51.4060 0.0140
Eltham 51.4510 0.0520 Eltham Palace
Woolwich 51.4910 0.0630 the Royal Arsenal
Sidcup 51.4260 0.1030
Romford 51.5750 0.1830
Putney 51.4610 -0.2160 the Thames
Chiswick 51.4920 -0.2580 Chiswick House
Sutton 51.3600 -0.1920
Hounslow 51.4680 -0.3610
Edgware 51.6140 -0.2750
Uxbridge 51.5460 -0.4780
Watford 51.6550 -0.3960
"""
"""Name, latitude, longitude, and the landmark where it is not the station of that name."""


def _neighbourhood(line: str) -> Neighbourhood:
    words = line.split()
    at = next(number for number, word in enumerate(words) if word[-1].isdigit())
    name, landmark = " ".join(words[:at]), " ".join(words[at + 2 :])
    return Neighbourhood(name, float(words[at]), float(words[at + 1]), landmark or f"{name} station")


NEIGHBOURHOODS = tuple(map(_neighbourhood, _NAMES.split("\n")[1:-1]))


class Surroundings:
    """The neighbourhoods that rooms of a quarter can be in."""

    def __init__(self, quarter: Quarter) -> None:
        self._width = KILOMETRES * cos(radians(quarter.latitude))
        reach = 2 * quarter.spread + 1
        self._names = [found for found in NEIGHBOURHOODS if self._between(found, quarter) < reach]

    def nearest(self, latitude: float, longitude: float) -> tuple[Neighbourhood | None, float]:
        """Return the neighbourhood of a place, None if it has none, and the kilometres to its centre."""
        best, shortest = None, (_FARTHEST / self._width) ** 2
        flat = (KILOMETRES / self._width) ** 2
        for found in self._names:
            north, east = latitude - found.latitude, longitude - found.longitude
            if (apart := north * north * flat + east * east) < shortest:
                best, shortest = found, apart
        return best, self._width * shortest**0.5

    def _between(self, one: Neighbourhood, other: Quarter) -> float:
        return hypot(
            KILOMETRES * (one.latitude - other.latitude), self._width * (one.longitude - other.longitude)
        )
