"""The human music that comes with the program: which measures of music21's corpus, and what they are.

Tempi are ours (quarters a minute); bars are counted in the converted score. Works marked in_training were
found in the training data of the shipped weights, in this or another edition, by their runs of 12 melodic
intervals.
"""

from model.corpus import Excerpt

_QUARTET = (40, 40, 41, 42)
_CHOIR = (52,)
_PIANO = (0,)
_GPL = "GPL-2.0-or-later (encoding by L. E. Conrad)"
_CC0 = "CC0 (encoding)"

EXCERPTS: tuple[Excerpt, ...] = (
    Excerpt("beethoven/opus18no4.mxl", "String Quartet Op. 18 No. 4, first movement", "Ludwig van Beethoven",
            "string quartet", 152, _QUARTET, 33, 33),
    Excerpt("josquin/milleRegrets.abc", "Mille regretz", "Josquin des Prez", "choir", 120, _CHOIR, 36, 36,
            licence=_GPL),
    Excerpt("joplin/maple_leaf_rag.mxl", "Maple Leaf Rag", "Scott Joplin", "piano", 84, _PIANO, 33, 33),
    Excerpt("corelli/opus3no1/1grave.xml", "Trio Sonata Op. 3 No. 1, Grave", "Arcangelo Corelli",
            "two violins and organ", 60, (40, 40, 19), 19, 19),
    Excerpt("mozart/k545/movement1_exposition.mxl", "Piano Sonata K. 545, first movement",
            "Wolfgang Amadeus Mozart", "piano", 132, _PIANO, 12, 12, in_training=True),
    Excerpt("monteverdi/madrigal.4.16.mxl", "Sì ch'io vorrei morire", "Claudio Monteverdi", "choir", 112,
            _CHOIR, 32, 36),
    Excerpt("schumann_clara/opus17/movement3.xml", "Piano Trio Op. 17, third movement", "Clara Schumann",
            "piano trio", 56, (40, 42, 0), 32, 32),
    Excerpt("mozart/k156/movement2.mxl", "String Quartet K. 156, Adagio", "Wolfgang Amadeus Mozart",
            "string quartet", 48, _QUARTET, 16, 16),
    Excerpt("palestrina/Kyrie_103.krn", "Missa Papae Marcelli, Kyrie", "Giovanni Pierluigi da Palestrina",
            "choir", 144, _CHOIR, 16, 32),
    Excerpt("haydn/opus74no1/movement4.mxl", "String Quartet Op. 74 No. 1, finale", "Joseph Haydn",
            "string quartet", 144, _QUARTET, 40, 40),
    Excerpt("liliuokalani/aloha_oe.mxl", "Aloha ʻOe", "Queen Liliʻuokalani", "voices and piano", 84,
            (52, 52, 52, 52, 53, 0), 23, 21, licence=_CC0),
    Excerpt("handel/rinaldo/Lascia_chio_pianga.mxl", "Rinaldo, Lascia ch'io pianga",
            "George Frideric Handel", "voice and strings", 66, (53, 48), 32, 32, skip=12),
    Excerpt("beethoven/opus59no2/movement4.mxl", "String Quartet Op. 59 No. 2, finale",
            "Ludwig van Beethoven", "string quartet", 168, _QUARTET, 32, 32),
    Excerpt("schubert/Lindenbaum.xml", "Der Lindenbaum", "Franz Schubert", "voice and piano", 84, (53, 0),
            28, 28),
    Excerpt("lusitano/allor_che_ignuda.mxl", "Allor che ignuda", "Vicente Lusitano", "choir", 116, _CHOIR,
            32, 32, licence=_CC0),
    Excerpt("chopin/mazurka06-2.krn", "Mazurka Op. 6 No. 2", "Frédéric Chopin", "piano", 152, _PIANO, 32, 30),
    Excerpt("schumann_robert/opus41no1/movement5.mxl", "String Quartet Op. 41 No. 1, finale",
            "Robert Schumann", "string quartet", 152, _QUARTET, 32, 32),
    Excerpt("johnson_j_r/lift_every_voice.mxl", "Lift Every Voice and Sing", "J. Rosamond Johnson", "choir",
            80, _CHOIR, 32, 32, licence=_CC0),
    Excerpt("cpebach/h186.mxl", "Sonata H. 186, Poco adagio", "Carl Philipp Emanuel Bach", "piano", 52,
            _PIANO, 16, 16),
    Excerpt("ryansMammoth/ArkansasTravellerReel.abc", "Arkansas Traveller", "Traditional", "fiddle", 100,
            (110,), 17, 17, in_training=True),
    Excerpt("mozart/k155/movement1.mxl", "String Quartet K. 155, first movement", "Wolfgang Amadeus Mozart",
            "string quartet", 132, _QUARTET, 28, 28, in_training=True),
    Excerpt("monteverdi/madrigal.4.11.mxl", "A un giro sol", "Claudio Monteverdi", "choir", 112, _CHOIR,
            32, 32),
    Excerpt("beach/prayer_of_a_tired_child.musicxml", "Prayer of a Tired Child", "Amy Beach",
            "choir and piano", 72, (52, 52, 52, 52, 0), 31, 31),
    Excerpt("beethoven/opus59no3/movement4.mxl", "String Quartet Op. 59 No. 3, finale",
            "Ludwig van Beethoven", "string quartet", 160, _QUARTET, 32, 32),
    Excerpt("schumann_robert/opus48no2.mxl", "Dichterliebe, Aus meinen Tränen sprießen", "Robert Schumann",
            "voice and piano", 56, (53, 0), 18, 18),
    Excerpt("verdi/laDonnaEMobile.mxl", "Rigoletto, La donna è mobile", "Giuseppe Verdi", "piano", 138,
            _PIANO, 35, 35),
    Excerpt("mozart/k458/movement4.mxl", "String Quartet K. 458 The Hunt, finale", "Wolfgang Amadeus Mozart",
            "string quartet", 152, _QUARTET, 40, 40),
    Excerpt("haydn/opus74no1/movement1.mxl", "String Quartet Op. 74 No. 1, first movement", "Joseph Haydn",
            "string quartet", 132, _QUARTET, 32, 32, in_training=True),
    Excerpt("beethoven/opus59no1/movement1.mxl", "String Quartet Op. 59 No. 1, first movement",
            "Ludwig van Beethoven", "string quartet", 144, _QUARTET, 32, 32),
    Excerpt("beethoven/opus59no2/movement2.mxl", "String Quartet Op. 59 No. 2, Molto adagio",
            "Ludwig van Beethoven", "string quartet", 60, _QUARTET, 24, 24),
    Excerpt("bach/bwv140.7.mxl", "Wachet auf, BWV 140, chorale", "Johann Sebastian Bach", "choir", 84, _CHOIR,
            32, 17, in_training=True),
    Excerpt("bach/bwv244.54.mxl", "O Haupt voll Blut und Wunden, BWV 244, chorale", "Johann Sebastian Bach",
            "choir", 76, _CHOIR, 32, 13, in_training=True),
)
