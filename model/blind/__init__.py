"""What a blind listening test needs, whoever gives it: nothing but the music may tell who wrote a clip.

    clips.py     which music becomes a clip, one path for people and machines
    serving.py   bytes sent so that nothing shows but the sound
    hearing.py   how long a clip can have been heard
    limits.py    how often one client may ask, without keeping who it is
"""
