#include <QComboBox>
#include <QLineEdit>
#include <QSignalSpy>
#include <QSpinBox>

#include "panel_bench.h"
#include "ui/export/export_choices.h"
#include "ui/export/export_panel.h"
#include "ui/session/playback.h"
#include "ui/widgets/segmented.h"

using namespace orrery;
using namespace orrery::ui;

class TestExportPanel : public QObject {
  Q_OBJECT

  struct Place : Bench {
    Place() {
      session->start();
      QTest::qWait(60);
      panel = new ExportPanel(*session);
      show(panel, {420, 620});
    }
    ~Place() { delete panel; }
    QPushButton* button() { return panel->findChild<QPushButton*>("export"); }
    void path() {
      session->toggleKeyframe("truncation.psi");
      session->playback().seek(2.0);
      session->setControl("truncation.psi", 0.2);
      session->toggleKeyframe("truncation.psi");
    }
    ExportPanel* panel;
  };

 private Q_SLOTS:
  void initTestCase() { useLook(); }

  void aPictureIsExported() {
    Place place;
    place.panel->setArguments({"picture"});
    QVERIFY(place.button()->isEnabled());
    QVERIFY(place.panel->estimateText().contains("kB"));
    QTest::mouseClick(place.button(), Qt::LeftButton);
    QVERIFY(!place.button()->isEnabled());  // one at a time
    QTRY_VERIFY(findBy<QPushButton>(*place.panel, "Show in folder")->isVisible());
    QVERIFY(place.button()->isEnabled());
    QCOMPARE(place.session->jobs().rbegin()->second.kind, std::string("export"));
  }

  void cancelEndsIt() {
    Place place;
    place.panel->setArguments({"picture"});
    QTest::mouseClick(place.button(), Qt::LeftButton);
    QTest::mouseClick(findBy<QPushButton>(*place.panel, "Cancel the export"), Qt::LeftButton);
    QTRY_VERIFY(place.session->jobs().rbegin()->second.state == JobState::cancelled);
    QTRY_VERIFY(place.button()->isEnabled());
    QVERIFY(!findBy<QPushButton>(*place.panel, "Show in folder")->isVisible());
  }

  void aFilmNeedsAPath() {
    Place place;
    place.panel->setArguments({"film"});
    QVERIFY(!place.button()->isEnabled());
    place.path();
    QTRY_VERIFY(place.button()->isEnabled());
    QVERIFY(place.panel->choices().out.endsWith(".mp4"));
    const QString large = place.panel->estimateText();
    for (auto* box : place.panel->findChildren<QComboBox*>()) {
      if (box->accessibleName() != "Format") continue;
      box->setFocus();
      QTest::keyClick(box, Qt::Key_Down);
    }
    QVERIFY(place.panel->choices().out.endsWith(".webm"));
    QVERIFY(place.panel->estimateText() != large);
  }

  void choicesBecomeJobs() {
    Timeline path;
    path.duration_s = 3.0;
    ExportChoices choices;
    choices.out = "/x/y.png";
    choices.what = ExportWhat::grid;
    choices.columns = 3;
    choices.rows = 2;
    choices.first_seed = 10;
    const Request request{"m", {{"a", 1.0}}};
    JobSpec spec = exportJob(choices, request, path);
    const auto& grid = std::get<PictureJob>(spec).options;
    QCOMPARE(grid.columns, 3);
    QVERIFY(grid.seeds == (std::vector<std::int64_t>{10, 11, 12, 13, 14, 15}));
    QVERIFY(grid.request == request);
    choices.what = ExportWhat::film;
    choices.frames_per_s = 25.0;
    spec = exportJob(choices, request, path);
    QCOMPARE(std::get<FilmJob>(spec).options.timeline.frames_per_s, 25.0);
    QCOMPARE(std::get<FilmJob>(spec).options.timeline.duration_s, 3.0);
    choices.what = ExportWhat::tape;
    choices.tape = 7;
    choices.tape_rows = {TapeRow::state, TapeRow::noise};
    choices.steps = 12;
    QCOMPARE(suffixOf(choices), QString(".png"));
    spec = exportJob(choices, request, path);
    QCOMPARE(std::get<StripJob>(spec).tape, TapeId{7});
    QCOMPARE(std::get<StripJob>(spec).options.columns, 12);
    QCOMPARE(std::get<StripJob>(spec).options.rows.size(), 2u);
    choices.tape_format = TapeFormat::gif;
    QCOMPARE(suffixOf(choices), QString(".gif"));
    QCOMPARE(std::get<TapeFilmJob>(exportJob(choices, request, path)).options.seconds, choices.seconds);
    choices.what = ExportWhat::model;
    spec = exportJob(choices, request, path);
    QCOMPARE(std::get<ModelJob>(spec).options.model, std::string("m"));
    QCOMPARE(withSuffix("/a/my.film.mp4", ".gif"), QString("/a/my.film.gif"));
    QCOMPARE(withSuffix("/a/v1.2", ".png"), QString("/a/v1.2.png"));
    QCOMPARE(withSuffix("/a/frames.mp4", ""), QString("/a/frames"));
  }

  void shots() {
    Place place;
    place.panel->setArguments({"grid"});
    keepShots(*place.panel, "export-grid");
    place.path();
    place.panel->setArguments({"film"});
    QTest::qWait(150);
    keepShots(*place.panel, "export-film");
  }
};

QTEST_MAIN(TestExportPanel)
#include "test_export_panel.moc"
