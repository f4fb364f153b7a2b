"""The HTML of the Research page: what is shown of a study, and that nothing of it is believed."""

from datetime import UTC, date, datetime, timedelta, timezone

from analysis import programme
from analysis.board import Quota, Rule, StudyStatus
from analysis.works import Job


def job(**changes) -> Job:
    made = Job(lambda *_: None)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def test_the_programme_lists_studies_with_their_state():
    html = programme.programme([StudyStatus("s", "<b>Title", "draft"), StudyStatus(
        "t", "Other", "open", started=1200, finished=900)], "t")
    assert "&lt;b&gt;Title" in html and "<b>Title" not in html
    assert "clips to be built" in html
    assert "900 of 1,200 finished" in html
    assert 'value="t" checked' in html and html.count("checked") == 1
    assert "no study yet" in programme.programme([], None)


def test_the_counts_are_shown_with_quotas_and_pages():
    moment = datetime(2025, 3, 1, 12, 0, tzinfo=timezone(timedelta(hours=2)))
    html = programme.watching(StudyStatus(
        "s", "t", "open", started=1200, finished=900, answers=54321, last_answer_at=moment,
        median_minutes=11.25, target=1000, quotas=[Quota("musician: <yes>", 3, 20)],
        by_step=(("Welcome", 8), ("<Pairs>", 2))))
    for words in ("1,200", "900 of 1,000", "54,321", "11.2", "3 of 20", "2025-03-01 10:00:00 UTC",
                  "--share:25.0%", "&lt;Pairs&gt;", "musician: &lt;yes&gt;"):
        assert words in html
    empty = programme.watching(StudyStatus("s", "t", "open", by_step=(("Welcome", 0),)))
    assert "No answer yet" in empty and "--share:0.0%" in empty


def test_the_plan_says_what_is_heard_and_when_it_ends():
    html = programme.plan(StudyStatus("s", "t", "draft", summary="<i>", minutes=12, clips_total=40, target=30,
                                      until=date(2027, 1, 31), outline=[("Pairs", "6 pairs")]))
    for words in ("&lt;i&gt;", "12", "40", "30", "2027-01-31", "6 pairs"):
        assert words in html


def test_building_shows_how_far_it_is_and_what_went_wrong():
    study = StudyStatus("s", "t", "draft", clips_built=3, clips_total=12)
    assert 'aria-valuenow="25"' in programme.clips(study, None)
    assert "3 of 12 clips are built." in programme.clips(study, None)
    assert "other work comes first" in programme.clips(study, job())
    assert "…" in programme.clips(study, job(state="under way"))
    assert "no &lt;piece&gt;" in programme.clips(study, job(state="failed", said="no <piece>"))
    assert "no clips of its own" in programme.clips(StudyStatus("s", "t", "imported"), None)


def test_the_audit_is_told_by_name():
    found = {"verdict": "1 of 9 cues tell.", "warnings": ["The file size alone tells <it>."],
             "cues": [["file size", 0.712], ["tempo", 0.5]]}
    html = programme.check(StudyStatus("s", "t", "ready", audit=found), None)
    for words in ("1 of 9 cues", "The file size alone tells &lt;it&gt;.", "0.71", "tempo"):
        assert words in html
    assert "Check it before" in programme.check(StudyStatus("s", "t", "ready"), None)
    assert "progressbar" in programme.check(StudyStatus("s", "t", "ready"), job(state="under way"))


def test_before_it_opens_a_study_names_what_is_missing():
    bare = programme.doors(StudyStatus("s", "t", "ready"))
    assert "not been checked" in bare and "not frozen" in bare
    audit = {"warnings": ["Too loud."]}
    warned = programme.doors(StudyStatus("s", "t", "ready", plan_sha256="ab", audit=audit))
    assert "Too loud." in warned and "not frozen" not in warned
    opened = programme.doors(StudyStatus("s", "t", "open", opened_at=datetime.now(UTC), by_invitation=True,
                                         invited=20, invitations_used=3, shut="number"))
    for words in ("Open since", "has all its participants", "/study/s", "20 made, 3 used"):
        assert words in opened
    assert "/study/" not in programme.doors(StudyStatus("s", "t", "imported"))


def test_rules_are_counted_before_they_are_applied():
    html = programme.rules([Rule("did not finish", 4, 4), Rule("too fast", 3, 1)])
    assert "5 participants would be excluded." in html
    assert "2 of them by a rule above" in html
    assert "No rule is chosen" in programme.rules([])
    left_out = programme.excluded(StudyStatus("s", "t", "open", excluded={"too <fast": 2}))
    assert "<b>2</b> too &lt;fast" in left_out


def test_a_mistake_leads_to_its_line():
    html = programme.mistakes("the study, line 12: <x> is missing.\nthe study is empty.")
    assert 'data-line="12"' in html and "&lt;x&gt;" in html
    assert html.count("<li>") == 2 and html.count("<button") == 1
