"""General MIDI instruments: the 128 program numbers and their names.

Programs are counted from 0 (0 = Acoustic Grand Piano), as in MIDI files; 128 stands for the drum kit,
which MIDI keeps on channel 10 instead of giving it a number.
Source: General MIDI System Level 1, MIDI Manufacturers Association, 1991.
"""

DRUMS = 128

# One line a family of eight, in program order.
_FAMILIES = {
    "Piano": "Grand Piano|Bright Piano|Electric Grand Piano|Honky-tonk Piano|Electric Piano 1"
             "|Electric Piano 2|Harpsichord|Clavinet",
    "Chromatic percussion": "Celesta|Glockenspiel|Music Box|Vibraphone|Marimba|Xylophone|Tubular Bells"
                            "|Dulcimer",
    "Organ": "Drawbar Organ|Percussive Organ|Rock Organ|Church Organ|Reed Organ|Accordion|Harmonica"
             "|Bandoneon",
    "Guitar": "Nylon Guitar|Steel Guitar|Jazz Guitar|Clean Guitar|Muted Guitar|Overdriven Guitar"
              "|Distortion Guitar|Guitar Harmonics",
    "Bass": "Acoustic Bass|Fingered Bass|Picked Bass|Fretless Bass|Slap Bass 1|Slap Bass 2|Synth Bass 1"
            "|Synth Bass 2",
    "Strings": "Violin|Viola|Cello|Double Bass|Tremolo Strings|Pizzicato Strings|Harp|Timpani",
    "Ensemble": "String Ensemble 1|String Ensemble 2|Synth Strings 1|Synth Strings 2|Choir|Voice|Synth Voice"
                "|Orchestra Hit",
    "Brass": "Trumpet|Trombone|Tuba|Muted Trumpet|French Horn|Brass Section|Synth Brass 1|Synth Brass 2",
    "Reed": "Soprano Sax|Alto Sax|Tenor Sax|Baritone Sax|Oboe|English Horn|Bassoon|Clarinet",
    "Pipe": "Piccolo|Flute|Recorder|Pan Flute|Blown Bottle|Shakuhachi|Whistle|Ocarina",
    "Synth lead": "Square Lead|Saw Lead|Calliope Lead|Chiff Lead|Charang Lead|Voice Lead|Fifths Lead"
                  "|Bass Lead",
    "Synth pad": "New Age Pad|Warm Pad|Polysynth Pad|Choir Pad|Bowed Pad|Metallic Pad|Halo Pad|Sweep Pad",
    "Synth effects": "Rain|Soundtrack|Crystal|Atmosphere|Brightness|Goblins|Echoes|Sci-fi",
    "Ethnic": "Sitar|Banjo|Shamisen|Koto|Kalimba|Bagpipe|Fiddle|Shanai",
    "Percussive": "Tinkle Bell|Agogo|Steel Drums|Woodblock|Taiko Drum|Melodic Tom|Synth Drum|Reverse Cymbal",
    "Sound effects": "Guitar Fret Noise|Breath Noise|Seashore|Bird Tweet|Telephone Ring|Helicopter|Applause"
                     "|Gunshot",
}

FAMILIES: tuple[str, ...] = tuple(_FAMILIES)
NAMES: tuple[str, ...] = tuple(name for names in _FAMILIES.values() for name in names.split("|"))


def instrument_name(program: int) -> str:
    """Name of a program (0-127) or "Drums" (128)."""
    if program == DRUMS:
        return "Drums"
    if not 0 <= program < len(NAMES):
        raise ValueError(f"A program is a number from 0 to 128 (128 = drums); {program} was given.")
    return NAMES[program]
