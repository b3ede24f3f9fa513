#include <QComboBox>
#include <QLineEdit>
#include <QPainter>
#include <QScrollArea>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTreeView>
#include <QWheelEvent>

#include "panel_bench.h"
#include "ui/catalogue/measured.h"
#include "ui/data/current_data.h"
#include "ui/project/attached.h"
#include "ui/train/command_box.h"
#include "ui/train/parameter_tree.h"
#include "ui/train/plot_panel.h"
#include "ui/train/probe_view.h"
#include "ui/train/run_form.h"
#include "ui/train/run_header.h"
#include "ui/train/train_panel.h"

using namespace orrery;
using namespace orrery::ui;

namespace {

// A probe sheet of 4 x 2 cells of 16 px whose grey tells the time.
void writeProbes(const QString& folder, int count) {
  QDir().mkpath(folder + "/probes");
  for (int i = 0; i < count; ++i) {
    QImage sheet(64, 32, QImage::Format_RGB32);
    QPainter painter(&sheet);
    for (int cell = 0; cell < 8; ++cell) {
      painter.fillRect(cell % 4 * 16, cell / 4 * 16, 16, 16, QColor::fromHsv(cell * 40, 60 + 190 * i / std::max(1, count), 120 + 130 * i / std::max(1, count)));
      painter.setBrush(Qt::white);
      painter.drawEllipse(cell % 4 * 16 + 4, cell / 4 * 16 + 3, 3 + i, 3 + i);
    }
    painter.end();
    QVERIFY(sheet.save(QStringLiteral("%1/probes/probe-%2.png").arg(folder).arg(i * 4, 6, 10, QLatin1Char('0'))));
  }
  QFile record(folder + "/config.json");
  QVERIFY(record.open(QIODevice::WriteOnly));
  record.write(R"({"system": "stylegan2", "preset": "tiny", "data": "builtin:emoji", "set": {"train.batch": "8"}, "seed": 7, "device": "cpu",
    "shape": {"resolution_px": 16}, "config": {"train": {"batch": 8, "lr": 0.0025}}})");
  QFile stats(folder + "/stats.jsonl");
  QVERIFY(stats.open(QIODevice::WriteOnly));
  for (int i = 1; i < 200; ++i) {
    stats.write(QStringLiteral("{\"step\":%1,\"kimg\":%2,\"wall_s\":%3,\"loss.g\":%4,\"loss.d\":%5}\n").arg(i).arg(i * 0.1).arg(i).arg(1.0 + 1.0 / i).arg(0.9 - 0.5 / i).toUtf8());
  }
}

}  // namespace

class TestTrainPanel : public QObject {
  Q_OBJECT

  struct Place : Bench {
    Place() : Bench({.job_speed = 8.0}) {
      session->start();
      panel = new TrainPanel(*session);
      form = new RunForm(*session);
      show(form, {460, 860});
      show(panel, {640, 860});
    }
    ~Place() {
      delete panel;
      delete form;
    }
    RunBook& book() { return attached<RunBook>(*session); }
    QPushButton* verb(const QString& name) { return panel->findChild<QPushButton*>(name); }
    JobState state() { return book().current() ? book().current()->status.state : JobState::failed; }
    void press(const QString& name) {
      QVERIFY2(verb(name)->isVisible() && verb(name)->isEnabled(), qPrintable(name));
      QTest::mouseClick(verb(name), Qt::LeftButton);
    }
    void startARun() {
      form->setArguments({"system=stylegan2", "data=builtin:emoji"});
      auto* start = form->findChild<QPushButton*>("start_run");
      QTRY_VERIFY(start->isEnabled());
      QTest::mouseClick(start, Qt::LeftButton);
      QTRY_VERIFY(state() == JobState::running);
    }
    TrainPanel* panel;
    RunForm* form;
  };

 private Q_SLOTS:
  void initTestCase() { useLook(); }

  void nothingRunsAtFirst() {
    Place place;
    QSignalSpy sheet(place.session.get(), &Session::sheetRequested);
    QVERIFY(!place.verb("save_now")->isEnabled());
    QVERIFY(!place.verb("stop_and_save")->isEnabled());
    place.press("start");
    QCOMPARE(sheet.count(), 1);
    QCOMPARE(sheet[0][0].toString(), QString("new-run"));
  }

  void thePresetFollowsTheKindOfData() {
    Place place;
    QComboBox* preset = nullptr;
    for (auto* one : place.form->findChildren<QComboBox*>()) {
      if (one->accessibleName() == "Preset") preset = one;
    }
    QVERIFY(preset);
    place.form->setArguments({"system=edm", "data=builtin:emoji"});
    QTRY_COMPARE(preset->currentData().toString(), QString("tiny"));
    place.form->setArguments({"data=builtin:toy-rings"});
    QTRY_COMPARE(preset->currentData().toString(), QString("toy"));
    place.form->setArguments({"data=builtin:emoji"});
    QTRY_COMPARE(preset->currentData().toString(), QString("tiny"));
  }

  void theFormBlocksWhatIsDoomed() {
    Place place;
    auto* start = place.form->findChild<QPushButton*>("start_run");
    QTRY_VERIFY(!place.form->findings().empty());
    QVERIFY(!start->isEnabled());
    QVERIFY(place.form->findings().front().fix == PreflightItem::Fix::choose_data);
    place.form->setArguments({"system=stylegan2", "data=builtin:emoji"});
    QTRY_VERIFY(start->isEnabled());
    place.form->parameters().model().change("train.bach", "8");
    QTRY_VERIFY(!start->isEnabled());
    QPushButton* take_back = findBy<QPushButton>(*place.form, "Take back");
    QVERIFY(take_back);
    QTest::mouseClick(take_back, Qt::LeftButton);
    QTRY_VERIFY(start->isEnabled());
    QVERIFY(place.form->options().set.empty());
  }

  void parametersAreTypedAndSearched() {
    Place place;
    auto& tree = place.form->parameters();
    place.form->setArguments({"system=stylegan2", "key=train.lr"});
    QCOMPARE(tree.view().currentIndex().data(ParameterModel::PathRole).toString(), QString("train.lr"));
    QTest::keyClick(&tree.view(), Qt::Key_Return);
    auto* editor = tree.view().findChild<QLineEdit*>();
    QVERIFY(editor);
    QTest::keyClicks(editor, "0.001");
    QTest::keyClick(editor, Qt::Key_Return);
    QTRY_VERIFY(place.form->options().set.contains("train.lr"));
    QCOMPARE(place.form->options().set["train.lr"], std::string("0.001"));
    tree.reveal("train.lr");
    QTest::keyClick(&tree.view(), Qt::Key_Delete);
    QVERIFY(place.form->options().set.empty());
    tree.model().setSearch("gradient");
    QCOMPARE(tree.model().rowCount(), 1);
    tree.model().setSearch({});
    // The line takes "path = value".
    QLineEdit* line = nullptr;
    for (auto* one : tree.findChildren<QLineEdit*>()) {
      if (one->accessibleName() == "Set by path") line = one;
    }
    QVERIFY(line);
    QTest::keyClicks(line, "train.batch = 32");
    QTest::keyClick(line, Qt::Key_Return);
    QCOMPARE(place.form->options().set["train.batch"], std::string("32"));
    QTRY_VERIFY(place.form->findChild<CommandBox*>()->command().contains("orrery train"));
  }

  void everyVerbIsSaid() {
    Place place;
    place.startARun();
    QCOMPARE(place.book().runs().size(), 1u);
    place.press("pause");
    QTRY_VERIFY(place.state() == JobState::paused);
    QVERIFY(!place.verb("pause")->isVisible());
    place.press("resume");
    QTRY_VERIFY(place.state() == JobState::running);
    int said = place.counters->verbs;
    place.press("save_now");
    QTRY_COMPARE(place.counters->verbs.load(), said + 1);
    place.press("sample_now");
    QTRY_COMPARE(place.counters->verbs.load(), said + 2);
    place.press("stop_and_save");
    QTRY_VERIFY(place.state() == JobState::done);
    QVERIFY(!place.verb("stop_and_save")->isEnabled());
    // And on again, in the same folder.
    place.press("start");
    QTRY_VERIFY(place.state() == JobState::running);
    QCOMPARE(place.book().runs().size(), 1u);
    // The verb that loses something wants a second press.
    place.press("stop_without_saving");
    QTest::qWait(60);
    QVERIFY(place.state() == JobState::running);
    place.press("stop_without_saving");
    QTRY_VERIFY(place.state() == JobState::cancelled);
    QVERIFY(attached<MeasuredSpeeds>(*place.session).of("stylegan2").has_value());
  }

  void curvesGrowAndZoom() {
    Place place;
    place.startARun();
    auto& plots = place.panel->plots();
    QTRY_VERIFY(plots.plotCount() >= 4);  // losses, distance, augmentation, speed
    QTRY_VERIFY(plots.timeRange().second > 0.5);
    const double end = plots.timeRange().second;
    plots.zoom(2.0, end);
    QVERIFY(std::abs((plots.timeRange().second - plots.timeRange().first) - end / 2) < 0.3 * end);
    plots.showAll();
    QCOMPARE(plots.timeRange().first, 0.0);
    auto* canvas = reinterpret_cast<QWidget*>(plots.plot());
    QTest::mouseMove(canvas, QPoint(canvas->width() / 2, 60));
    QTRY_VERIFY(plots.cursorText().contains("kimg"));
    // The wheel goes on to the plots below.
    auto* bar = plots.findChild<QScrollArea*>()->verticalScrollBar();
    QTRY_VERIFY(bar->maximum() > 0);
    const QPointF at(canvas->width() / 2.0, 60.0);
    QWheelEvent wheel(at, canvas->mapToGlobal(at), {}, {0, -120}, Qt::NoButton, {}, Qt::NoScrollPhase, false);
    QCoreApplication::sendEvent(canvas, &wheel);
    QVERIFY(bar->value() > 0);
    place.press("stop_and_save");
  }

  void probesGoThroughTime() {
    Place place;
    const QString folder = place.home.filePath("run");
    writeProbes(folder, 6);
    place.book().openFolder(folder);
    auto& probes = place.panel->probes();
    QCOMPARE(probes.count(), 6);
    QCOMPARE(probes.time(), 5);  // the newest
    auto* picture = probes.picture();
    QTRY_COMPARE(picture->probes(), 8);
    picture->setFocus();
    QTest::keyClick(picture, Qt::Key_Left);
    QCOMPARE(probes.time(), 4);
    QTest::keyClick(picture, Qt::Key_Home);
    QCOMPARE(probes.time(), 0);
    QTest::keyClick(picture, Qt::Key_Down);
    QCOMPARE(picture->probe(), 1);
    QTest::keyClick(picture, Qt::Key_Return);
    QVERIFY(picture->alone());
    QTest::keyClick(picture, Qt::Key_Down);
    QCOMPARE(picture->probe(), 2);
    QTest::keyClick(picture, Qt::Key_Escape);
    QVERIFY(!picture->alone());
    // The curves of a run that was opened come from its folder.
    QTRY_COMPARE(place.panel->plots().curveCount(), 2);
  }

  void severalRunsShareThePlots() {
    Place place;
    writeProbes(place.home.filePath("one"), 2);
    writeProbes(place.home.filePath("two"), 2);
    place.book().openFolder(place.home.filePath("one"));
    place.book().openFolder(place.home.filePath("two"));
    QTRY_COMPARE(place.panel->plots().curveCount(), 4);
    place.book().setShown(0, false);
    QCOMPARE(place.panel->plots().curveCount(), 2);
  }

  void forkTakesTheSettings() {
    Place place;
    const QString folder = place.home.filePath("run");
    writeProbes(folder, 1);
    place.form->setArguments({"fork=" + folder});
    const TrainOptions options = place.form->options();
    QCOMPARE(options.set.find("train.batch")->second, std::string("8"));
    QCOMPARE(options.seed, std::uint64_t{7});
    QVERIFY(!options.resume);
    QVERIFY(QString::fromStdString(options.out).endsWith("run-fork"));
    place.form->setArguments({"resume=" + folder});
    QVERIFY(place.form->options().resume);
    QCOMPARE(QString::fromStdString(place.form->options().out), folder);
  }

  void verbsByState() {
    QVERIFY(verbsFor(JobState::running, true).pause);
    QVERIFY(!verbsFor(JobState::finishing, true).stop_and_save);
    QVERIFY(verbsFor(JobState::failed, true).start);
    QVERIFY(!verbsFor(JobState::queued, true).pause);
    QVERIFY(verbsFor(JobState::queued, true).stop_without_saving);
    QVERIFY(verbsFor(JobState::done, false).start);
    QCOMPARE(plotGroup("loss.g"), QString("loss"));
    QVERIFY(plotRank("loss") < plotRank("fd_efflite0") && plotRank("fd_efflite0") < plotRank("img_per_s"));
  }

  void shots() {
    Place place;
    place.startARun();
    writeProbes(place.book().current()->folder, 7);
    QTest::qWait(2500);
    keepShots(*place.panel, "train");
    place.form->setArguments({"system=stylegan2", "data=builtin:emoji"});
    place.form->parameters().model().change("train.batch", "8");
    QTest::qWait(300);
    keepShots(*place.form, "new-run");
    place.press("stop_and_save");
    QTRY_VERIFY(place.state() == JobState::done);
  }
};

QTEST_MAIN(TestTrainPanel)
#include "test_train_panel.moc"
