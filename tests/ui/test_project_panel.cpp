#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QLineEdit>
#include <QSignalSpy>

#include "panel_bench.h"
#include "ui/data/current_data.h"
#include "ui/project/atomic_write.h"
#include "ui/project/attached.h"
#include "ui/project/project_keeper.h"
#include "ui/project/projects_panel.h"
#include "ui/project/recent_projects.h"
#include "ui/project/user_folders.h"
#include "ui/session/playback.h"

using namespace orrery;
using namespace orrery::ui;

class TestProjectPanel : public QObject {
  Q_OBJECT

  struct Place : Bench {
    Place() {
      session->start();
      keeper().start();
      panel = new ProjectsPanel(*session);
      show(panel, {420, 600});
    }
    ~Place() { delete panel; }
    ProjectKeeper& keeper() { return attached<ProjectKeeper>(*session); }
    // Something of everything that a project holds.
    void work() {
      session->setControl("truncation.psi", 0.25);
      session->endGesture();
      session->storePosition(2);
      session->toggleKeyframe("truncation.psi");
      session->playback().seek(1.0);
      session->setControl("truncation.psi", 0.75);
      session->endGesture();
      session->toggleKeyframe("truncation.psi");
      session->setViewCount(2);
      session->showModel("starter:glyphs", 1);
      attached<CurrentData>(*session).setStore("builtin:emoji");
    }
    ProjectsPanel* panel;
  };

 private Q_SLOTS:
  void initTestCase() { useLook(); }

  void everythingComesBack() {
    QString file;
    QByteArray saved;
    SessionState before;
    Place first;
    file = first.home.filePath("work.orrery");
    first.work();
    QVERIFY(first.keeper().modified());
    QVERIFY(first.keeper().saveAs(file));
    QVERIFY(!first.keeper().modified());
    before = first.session->state();
    // Another window: nothing of this yet.
    first.keeper().startNew();
    QTRY_COMPARE(first.session->viewCount(), 1);
    QVERIFY(first.session->timeline().tracks.empty());
    first.keeper().open(file);
    QTRY_COMPARE(first.session->viewCount(), 2);
    const SessionState after = first.session->state();
    QVERIFY(after.views == before.views);
    QVERIFY(after.positions == before.positions);
    QCOMPARE(timeline_to_json(after.timeline), timeline_to_json(before.timeline));
    QCOMPARE(attached<CurrentData>(*first.session).store(), QString("builtin:emoji"));
    QVERIFY(!first.keeper().modified());
    QCOMPARE(RecentProjects::read(), QStringList{file});
  }

  void undoMakesItUnmodified() {
    Place place;
    place.keeper().saveAs(place.home.filePath("a.orrery"));
    place.session->setControl("truncation.psi", 0.25);
    place.session->endGesture();
    QVERIFY(place.keeper().modified());
    place.session->undo().undo();
    QVERIFY(!place.keeper().modified());
  }

  void savingIsTyped() {
    Place place;
    QSignalSpy sheet(place.session.get(), &Session::sheetRequested);
    QVERIFY(!place.keeper().save());  // no file yet: the sheet asks
    QCOMPARE(sheet.last()[0].toString(), QString("projects"));
    place.panel->setArguments({"save"});
    auto* name = place.panel->findChild<QLineEdit*>();
    name->selectAll();
    QTest::keyClicks(name, place.home.filePath("typed"));
    QTest::keyClick(name, Qt::Key_Return);
    QVERIFY(QFile::exists(place.home.filePath("typed.orrery")));
    place.session->setControl("truncation.psi", 0.4);
    QVERIFY(place.keeper().save());
    QVERIFY(!place.keeper().modified());
  }

  void aPlaceThatCannotBeWrittenIsTold() {
    Place place;
    QSignalSpy problem(place.session.get(), &Session::problem);
    QVERIFY(QDir().mkpath(place.home.filePath("folder.orrery/inside")));
    QVERIFY(!place.keeper().saveAs(place.home.filePath("folder.orrery")));
    QCOMPARE(problem.count(), 1);
    QVERIFY(place.keeper().path().isEmpty());
  }

  void damagedProjectsLeaveTheWindowAlone() {
    Place place;
    place.session->setControl("truncation.psi", 0.25);
    const Request before = place.session->request();
    const QString file = place.home.filePath("bad.orrery");
    QVERIFY(!writeFileAtomically(file, "{\"orrery_project\": 1, \"views\": ["));
    QSignalSpy problem(place.session.get(), &Session::problem);
    place.keeper().open(file);
    place.keeper().open(place.home.filePath("missing.orrery"));
    QCOMPARE(problem.count(), 2);
    QVERIFY(place.session->request() == before);
  }

  void aSecondWindowReadsOnly() {
    Place place;
    const QString file = place.home.filePath("shared.orrery");
    QVERIFY(place.keeper().saveAs(file));
    place.keeper().startNew();
    QVERIFY(!place.keeper().readOnly());
    // Another program holds it.
    const pid_t other = fork();
    if (other == 0) {
      QLockFile lock(place.home.filePath(".shared.orrery.lock"));
      lock.setStaleLockTime(0);
      lock.tryLock(0);
      ::pause();
      ::_exit(0);
    }
    QTRY_VERIFY(QFile::exists(place.home.filePath(".shared.orrery.lock")));
    QSignalSpy problem(place.session.get(), &Session::problem);
    QTest::qWait(100);
    place.keeper().open(file);
    QVERIFY(place.keeper().readOnly());
    QCOMPARE(problem.count(), 1);
    QVERIFY(!place.keeper().save());
    ::kill(other, SIGKILL);
    ::waitpid(other, nullptr, 0);
    place.keeper().startNew();
    place.keeper().open(file);  // a lock of the dead is taken quietly
    QVERIFY(!place.keeper().readOnly());
  }

  void aCrashIsRescued() {
    Bench bench;
    const pid_t child = fork();
    if (child == 0) {
      // What a program writes before it dies.
      Autosave autosave;
      Project project;
      project.session.views = {Request{"starter:glyphs", {{"truncation.psi", 0.125}}}};
      QImage picture(64, 64, QImage::Format_RGB32);
      picture.fill(Qt::darkCyan);
      autosave.write(projectToJson(project), "", picture);
      ::_exit(autosave.write(projectToJson(project), "", picture) ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    QCOMPARE(WEXITSTATUS(status), 0);
    bench.session->start();
    auto& keeper = attached<ProjectKeeper>(*bench.session);
    QSignalSpy sheet(bench.session.get(), &Session::sheetRequested);
    keeper.start();
    QCOMPARE(keeper.rescues().size(), 1);
    QCOMPARE(sheet.count(), 1);
    ProjectsPanel panel(*bench.session);
    bench.show(&panel, {420, 600});
    keepShots(panel, "project-rescue");
    QPushButton* restore = findBy<QPushButton>(panel, "Restore");
    QVERIFY(restore);
    QTest::mouseClick(restore, Qt::LeftButton);
    QTRY_COMPARE(bench.session->request().model, std::string("starter:glyphs"));
    QCOMPARE(std::get<double>(bench.session->value("truncation.psi")), 0.125);
    QVERIFY(keeper.modified());
    QVERIFY(keeper.rescues().isEmpty());
    QVERIFY(Autosave::find().isEmpty());
  }

  void autosaveWritesWhatIsUnsaved() {
    Place place;
    QVERIFY(!place.keeper().autosave());  // nothing to keep
    place.keeper().setAutosaveInterval(50);
    place.session->setControl("truncation.psi", 0.25);
    const QDir folder(stateFolder() + "/autosave");
    QTRY_VERIFY(!folder.entryList({"*.orrery"}, QDir::Files).isEmpty());
    QVERIFY(Autosave::find().isEmpty());  // this program still runs: nobody else may take it
    place.keeper().leave();
    QVERIFY(folder.entryList(QDir::Files).isEmpty());
    QVERIFY(QFile::exists(ProjectKeeper::lastSessionFile()));
  }

  void shots() {
    Place place;
    place.work();
    place.keeper().saveAs(place.home.filePath("Evening faces.orrery"));
    place.session->setControl("truncation.psi", 0.5);
    QTest::qWait(400);
    keepShots(*place.panel, "project");
  }
};

QTEST_MAIN(TestProjectPanel)
#include "test_project_panel.moc"
