"""`bayes-frontier report`."""


def test_a_page_and_its_picture(run, tmp_path):
    done = run("report", "fit.nc", "--out", tmp_path / "page")
    assert done.exit_code == 0, done.output
    assert done.stdout == f"Wrote {tmp_path / 'page' / 'index.html'}\n"
    page = (tmp_path / "page" / "index.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert (tmp_path / "page" / "boundaries.png").read_bytes()[:4] == b"\x89PNG"


def test_a_folder_that_cannot_be_made(run, tmp_path):
    (tmp_path / "file").write_text("")
    done = run("report", "fit.nc", "--out", tmp_path / "file")
    assert done.exit_code == 2
    assert "no folder can be made" in done.stderr
