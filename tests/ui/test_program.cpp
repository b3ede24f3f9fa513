// The program itself, as the system starts and ends it.
#include <QDir>
#include <QElapsedTimer>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>
#include <csignal>

class TestProgram : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() {
    home_ = std::make_unique<QTemporaryDir>();
    program_ = std::make_unique<QProcess>();
    auto environment = QProcessEnvironment::systemEnvironment();
    environment.insert("HOME", home_->path());
    for (const char* name : {"XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"}) {
      const QString folder = home_->filePath(QString::fromLatin1(name).toLower());
      QVERIFY(QDir().mkpath(folder));
      QFile::setPermissions(folder, QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
      environment.insert(name, folder);
    }
    environment.insert("ORRERY_TIMING", "1");
    program_->setProcessEnvironment(environment);
    program_->setProcessChannelMode(QProcess::MergedChannels);
  }
  void cleanup() {
    if (program_->state() != QProcess::NotRunning) {
      program_->kill();
      program_->waitForFinished(5000);
    }
    program_.reset();
  }

  void opensOnAPictureAndLeavesCleanlyWhenTerminated() {
    program_->start(ORRERY_PROGRAM, {});
    QVERIFY(program_->waitForStarted(10000));
    QByteArray said;
    QTRY_VERIFY2_WITH_TIMEOUT((said += program_->readAll()).contains("first picture after "), said.constData(), 60000);
    ::kill(static_cast<pid_t>(program_->processId()), SIGTERM);
    QVERIFY2(program_->waitForFinished(20000), "it hangs after SIGTERM");
    QCOMPARE(program_->exitStatus(), QProcess::NormalExit);
    QCOMPARE(program_->exitCode(), 4);  // interrupted, state saved
    // What closing keeps was kept.
    QVERIFY(QFile::exists(home_->filePath("xdg_config_home/Orrery/orrery.conf")));
  }

 private:
  std::unique_ptr<QTemporaryDir> home_;
  std::unique_ptr<QProcess> program_;
};

QTEST_GUILESS_MAIN(TestProgram)
#include "test_program.moc"
