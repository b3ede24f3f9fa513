#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include "ui/data/fit_geometry.h"
#include "ui/data/source_scan.h"
#include "ui/export/size_estimate.h"

using namespace orrery;
using namespace orrery::ui;

namespace {

void touch(const QString& path, const QByteArray& bytes = "x") {
  QVERIFY(QDir().mkpath(QFileInfo(path).absolutePath()));
  QFile file(path);
  QVERIFY(file.open(QIODevice::WriteOnly));
  file.write(bytes);
}

SourceCount scan(const QStringList& sources) {
  SourceCount last;
  const std::atomic<bool> stop{false};
  scanSources(sources, stop, [&](const SourceCount& count) { last = count; });
  return last;
}

}  // namespace

class TestDataModels : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void countsWhatLiesThere() {
    QTemporaryDir folder;
    touch(folder.filePath("cats/one.PNG"));
    touch(folder.filePath("cats/two.jpeg"));
    touch(folder.filePath("cats/deeper/three.webp"));
    touch(folder.filePath("dogs/ž\nó.jpg"));
    touch(folder.filePath("dogs/._two.jpg"));
    touch(folder.filePath("notes.txt"));
    touch(folder.filePath("film.mp4"), "12345");
    touch(folder.filePath("more.zip"));
    touch(folder.filePath("Lato.ttf"));
    const auto count = scan({folder.path()});
    QVERIFY(count.done);
    QCOMPARE(count.pictures, 4);
    QCOMPARE(count.films, 1);
    QCOMPARE(count.archives, 1);
    QCOMPARE(count.fonts, 1);
    QCOMPARE(count.others, 2);
    QCOMPARE(count.classes(), 2);
    QCOMPARE(count.folders.at("cats"), 3);
    QCOMPARE(count.bytes, 11);
    QVERIFY(!count.has_label_file);
    QVERIFY(!count.first_picture.empty());
  }
  void filesAndLabelFiles() {
    QTemporaryDir folder;
    touch(folder.filePath("a.png"));
    touch(folder.filePath("dataset.json"));
    auto count = scan({folder.path()});
    QVERIFY(count.has_label_file);
    QCOMPARE(count.classes(), 0);
    count = scan({folder.filePath("a.png"), folder.filePath("missing.png")});
    QCOMPARE(count.pictures, 2);  // the import itself names the one that is missing
    QCOMPARE(count.bytes, 1);
  }
  void linksToFoldersAreNotFollowed() {
    QTemporaryDir folder;
    touch(folder.filePath("a/x.png"));
    QVERIFY(QFile::link(folder.path(), folder.filePath("a/loop")));
    QCOMPARE(scan({folder.path()}).pictures, 1);
  }
  void stopsWhenTold() {
    QTemporaryDir folder;
    touch(folder.filePath("a.png"));
    const std::atomic<bool> stop{true};
    bool done = true;
    scanSources({folder.path()}, stop, [&](const SourceCount& count) { done = count.done; });
    QVERIFY(!done);
  }
  void fits() {
    QCOMPARE(fitGeometry({200, 100}, 64, Fit::crop).source, QRectF(50, 0, 100, 100));
    QCOMPARE(fitGeometry({200, 100}, 64, Fit::pad).target, QRectF(0, 16, 64, 32));
    QCOMPARE(fitGeometry({200, 100}, 64, Fit::stretch).target, QRectF(0, 0, 64, 64));
    QImage picture(200, 100, QImage::Format_RGB32);
    picture.fill(Qt::red);
    const QImage padded = fitted(picture, 64, Fit::pad);
    QCOMPARE(padded.size(), QSize(64, 64));
    QCOMPARE(padded.pixelColor(32, 2), QColor(Qt::white));
    QCOMPARE(padded.pixelColor(32, 32), QColor(Qt::red));
    QCOMPARE(fitted(picture, 64, Fit::crop).pixelColor(0, 0), QColor(Qt::red));
    QCOMPARE(fitted(QImage(1, 3000, QImage::Format_RGB32), 16, Fit::pad).size(), QSize(16, 16));
  }
  void sizes() {
    QImage noise(64, 64, QImage::Format_RGB32);
    unsigned state = 1;
    for (int i = 0; i < 64 * 64; ++i) {
      state = state * 1664525u + 1013904223u;
      noise.setPixel(i % 64, i / 64, qRgb(state >> 24, (state >> 16) & 255, (state >> 8) & 255));
    }
    QImage flat(64, 64, QImage::Format_RGB32);
    flat.fill(Qt::black);
    QVERIFY(estimatePicture(noise, 64, 1) > 4 * estimatePicture(flat, 64, 1));
    QVERIFY(estimatePicture(noise, 64, 10) > 9 * estimatePicture(noise, 64, 1));
    // Within a factor of two of what such films were measured to take (32-px model, 4 s at 30 frames/s).
    const QImage starter(32, 32, QImage::Format_RGB32);
    const auto near = [](qint64 estimate, double bytes) { return estimate > bytes / 2 && estimate < bytes * 2; };
    QVERIFY(near(estimateFilm(FilmFormat::mp4, 512, 120, 18, starter), 214859) && near(estimateFilm(FilmFormat::mp4, 256, 120, 18, starter), 87447));
    QVERIFY(near(estimateFilm(FilmFormat::mp4, 512, 120, 24, starter), 115151) && near(estimateFilm(FilmFormat::mp4, 512, 120, 12, starter), 478679));
    QVERIFY(near(estimateFilm(FilmFormat::webm, 512, 120, 18, starter), 80441) && near(estimateFilm(FilmFormat::webm, 512, 120, 24, starter), 58672));
    QVERIFY(near(estimateFilm(FilmFormat::gif, 256, 100, 18, starter), 3150830) && near(estimateFilm(FilmFormat::gif, 512, 100, 18, starter), 9565976));
    QVERIFY(estimateFilm(FilmFormat::png_sequence, 64, 10, 18, noise) == estimatePicture(noise, 64, 10));
    QCOMPARE(frameCount(4.0, 30.0), 120);
    QCOMPARE(suffixOf(FilmFormat::png_sequence), QString());
  }
};

QTEST_MAIN(TestDataModels)
#include "test_data_models.moc"
