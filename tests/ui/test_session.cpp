#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "fake_studio.h"
#include "ui/session/playback.h"
#include "ui/session/session.h"

using namespace orrery;
using namespace orrery::ui;

class TestSession : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() {
    counters_ = std::make_shared<fake::Counters>();
    studio_ = fake::makeStudio({.frame_ms = 0, .job_speed = 20.0}, counters_);
    session_ = std::make_unique<Session>(*studio_);
  }
  void cleanup() {
    session_.reset();
    studio_.reset();
  }

  void startPlaysTheStarterUntilSomebodyActs() {
    QSignalSpy frames(session_.get(), &Session::frameArrived);
    session_->start();
    QVERIFY(session_->playback().drifting());
    QTRY_VERIFY(frames.count() >= 3);
    session_->setControl("truncation.psi", 0.7);
    QVERIFY(!session_->playback().drifting());
    QVERIFY(session_->undo().canUndo());
  }

  void oneDragIsOneStep() {
    session_->start();
    session_->noteAction();
    const Request before = session_->request();
    for (int i = 0; i < 20; ++i) session_->setControl("truncation.psi", 1.0 - i * 0.01);
    session_->endGesture();
    session_->setControl("truncation.psi", 0.3);
    session_->endGesture();
    QCOMPARE(session_->undo().count(), 2);
    session_->undo().undo();
    QCOMPARE(std::get<double>(session_->value("truncation.psi")), 0.81);
    session_->undo().undo();
    QCOMPARE(session_->request(), before);
    session_->undo().redo();
    QCOMPARE(std::get<double>(session_->value("truncation.psi")), 0.81);
  }

  void draggedBackLeavesNoStep() {
    session_->start();
    session_->setControl("truncation.psi", 0.5);
    session_->setControl("truncation.psi", 1.0);
    session_->endGesture();
    QVERIFY(session_->isNeutral("truncation.psi"));
    QVERIFY(!session_->undo().canUndo());
  }

  void valuesAreFitted() {
    session_->start();
    session_->setControl("truncation.psi", 99.0);
    QCOMPARE(std::get<double>(session_->value("truncation.psi")), 1.5);
    session_->setControl("snapshot", 3.4);
    QCOMPARE(std::get<std::int64_t>(session_->value("snapshot")), std::int64_t{3});
    session_->setControl("class.blend", std::vector<double>{1.0});
    QVERIFY2(session_->isNeutral("class.blend"), "a control that is not available must not act");
  }

  void fastEngineDoesNotFloodTheWindow() {
    session_->start();
    session_->noteAction();
    QSignalSpy frames(session_.get(), &Session::frameArrived);
    for (int i = 0; i < 300; ++i) {
      session_->setControl("latent.pad", std::vector<double>{i * 0.01, 0.0});
      QTest::qSleep(1);  // the GUI thread is busy: no event is taken
    }
    QVERIFY(counters_->pictures > 20);
    const Request last = session_->request();
    QTRY_VERIFY(session_->frame(0) && session_->frame(0)->request == last);
    QVERIFY2(frames.count() <= 3, qPrintable(QString::number(frames.count())));
  }

  void linkedViewsMoveTogether() {
    session_->start();
    session_->setViewCount(2);
    session_->setLinked(true);
    session_->setControl("truncation.psi", 0.25);
    QCOMPARE(session_->request(1).get<double>("truncation.psi", 1.0), 0.25);
    session_->undo().undo();
    QVERIFY(session_->isNeutral("truncation.psi", 0) && session_->isNeutral("truncation.psi", 1));
  }

  void positionsAreStoredAndRecalled() {
    session_->start();
    session_->setControl("latent.pad", std::vector<double>{3.0, 4.0});
    session_->storePosition(2);
    session_->setControl("latent.pad", std::vector<double>{8.0, 1.0});
    session_->recallPosition(2);
    QTRY_COMPARE(std::get<std::vector<double>>(session_->value("latent.pad")), (std::vector<double>{3.0, 4.0}));
    session_->undo().undo();
    QTRY_COMPARE(std::get<std::vector<double>>(session_->value("latent.pad")), (std::vector<double>{8.0, 1.0}));
    // Storing over a position can be taken back too.
    const auto stored = session_->position(2);
    session_->storePosition(2);
    QVERIFY(session_->position(2) != stored);
    session_->undo().undo();
    QCOMPARE(session_->position(2), stored);
    session_->clearPosition(2);
    QVERIFY(!session_->position(2));
    session_->undo().undo();
    QCOMPARE(session_->position(2), stored);
  }

  void spacePlaysThePath() {
    session_->start();
    session_->noteAction();
    session_->storePosition(0);
    session_->setControl("latent.pad", std::vector<double>{5.0, 5.0});
    session_->storePosition(1);
    session_->playback().toggle();
    QVERIFY(session_->playback().playing());
    const Request at = session_->request();
    QTRY_VERIFY(!(session_->request() == at));
    session_->playback().toggle();
    QVERIFY(!session_->playback().playing());
  }

  void pathsGoBetweenSeedsToo() {
    session_->start();
    session_->randomise();
    session_->storePosition(0);
    session_->randomise();
    session_->storePosition(1);
    session_->playback().toggle();
    QVERIFY(session_->playback().playing());
    QTRY_VERIFY(session_->request().get<double>("latent.blend", 0.0) > 0.05);
    session_->recallPosition(0);
    QTRY_COMPARE(session_->request(), *session_->position(0));
  }

  void keyframesCanBeUndone() {
    session_->start();
    session_->setControl("truncation.psi", 0.5);
    session_->toggleKeyframe("truncation.psi");
    QVERIFY(session_->hasKeyframe("truncation.psi"));
    session_->playback().seek(2.0);
    QVERIFY(!session_->hasKeyframe("truncation.psi") && session_->isKeyframed("truncation.psi"));
    session_->undo().undo();
    QVERIFY(!session_->isKeyframed("truncation.psi"));
  }

  void jobsAndStatisticsArrive() {
    QSignalSpy done(session_.get(), &Session::datasetOpened);
    const JobId import = session_->submit(ImportJob{{{"folder"}, "out.zip"}});
    QTRY_COMPARE(session_->jobs().at(import).state, JobState::done);
    QTRY_COMPARE(done.count(), 1);
    TrainOptions options;
    options.system = "stylegan2", options.data = "builtin:emoji", options.out = "run";
    const JobId train = session_->submit(TrainJob{options});
    QTRY_VERIFY(session_->stats(train).size() > 5);
    QTRY_VERIFY(session_->findModel("run:run"));
    session_->say(train, JobVerb::stop_and_save);
    QTRY_COMPARE(session_->jobs().at(train).state, JobState::done);
  }

  void failedJobsAreProblems() {
    QSignalSpy problems(session_.get(), &Session::problem);
    session_->submit(ImportJob{{{"broken folder"}, "out.zip"}});
    QTRY_COMPARE(problems.count(), 1);
    QVERIFY(!problems[0][0].value<JobError>().what_to_do.empty());
  }

  void filesAreToldApartByContent() {
    session_->start();
    QTemporaryDir dir;
    const auto write = [&dir](const QString& name, const QByteArray& bytes) {
      QFile file(dir.filePath(name));
      return file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size();
    };
    QSignalSpy sheets(session_.get(), &Session::sheetRequested), stores(session_.get(), &Session::datasetOpened),
        projects(session_.get(), &Session::projectRequested), problems(session_.get(), &Session::problem);

    const Request wanted{"starter:glyphs", {{"truncation.psi", 0.5}}};
    fake::writeRecipeFile(dir.filePath("exported.png").toStdString(), wanted);
    session_->openPath(dir.filePath("exported.png"));
    QTRY_COMPARE(session_->request(), wanted);

    QVERIFY(write("session.json", "{\"orrery_project\": 1}"));
    session_->openPath(dir.filePath("session.json"));
    QTRY_COMPARE(projects.count(), 1);

    QVERIFY(write("store.zip", "PK"));
    session_->openPath(dir.filePath("store.zip"));
    QTRY_COMPARE(stores.count(), 1);

    QVERIFY(write("photo.jpg", "\xff\xd8\xff"));
    session_->openPath(dir.filePath("photo.jpg"));
    QTRY_COMPARE(sheets.count(), 1);
    QCOMPARE(sheets[0][0].toString(), QString("import"));

    QVERIFY(write("broken.safetensors", "12345678{}"));
    session_->openPath(dir.filePath("broken.safetensors"));
    QTRY_COMPARE(problems.count(), 1);

    QVERIFY(write("weights.bin", "12345678{}"));
    session_->openPath(dir.filePath("weights.bin"));
    QTRY_COMPARE(session_->model()->name, std::string("weights.bin"));

    session_->openPath(dir.filePath("nowhere.png"));
    QTRY_COMPARE(problems.count(), 2);
  }

  void stateRestores() {
    session_->start();
    session_->setViewCount(2);
    session_->setControl("truncation.psi", 0.5);
    session_->storePosition(4);
    session_->toggleKeyframe("truncation.psi");
    const SessionState state = session_->state();
    Session other(*studio_);
    other.setState(state);
    QCOMPARE(other.viewCount(), 2);
    QCOMPARE(other.request(0), session_->request(0));
    QCOMPARE(*other.position(4), *session_->position(4));
    QVERIFY(other.isKeyframed("truncation.psi"));
    QVERIFY(!other.undo().canUndo());
  }

 private:
  std::shared_ptr<fake::Counters> counters_;
  std::unique_ptr<Studio> studio_;
  std::unique_ptr<Session> session_;
};

QTEST_GUILESS_MAIN(TestSession)
#include "test_session.moc"
