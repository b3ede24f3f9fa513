#include <QTest>

#include "ui/timeline/timeline_edit.h"

using namespace orrery;
using namespace orrery::ui;

namespace {

Timeline two() {
  Timeline timeline;
  timeline.duration_s = 4.0;
  timeline.frames_per_s = 10.0;
  timeline = withKey(timeline, "a", 0.0, 0.0);
  timeline = withKey(timeline, "a", 2.0, 1.0);
  return withKey(timeline, "b", 1.0, 5.0);
}

std::vector<double> times(const Timeline& timeline, const std::string& control) {
  std::vector<double> list;
  if (const Track* track = findTrack(timeline, control)) {
    for (const auto& key : track->keys) list.push_back(key.time_s);
  }
  return list;
}

}  // namespace

class TestTimelineEdit : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void keysLieOnFramesAndReplace() {
    Timeline timeline = withKey(two(), "a", 2.03, 7.0);
    QCOMPARE(times(timeline, "a"), (std::vector<double>{0.0, 2.0}));
    QCOMPARE(std::get<double>(findKey(timeline, {"a", 2.0})->value), 7.0);
    timeline = withKey(timeline, "a", 99.0, 1.0);
    QCOMPARE(times(timeline, "a").back(), 4.0);
  }
  void replacingKeepsEasing() {
    Timeline timeline = withEasing(two(), {{"a", 2.0}}, Easing::hold);
    timeline = withKey(timeline, "a", 2.0, 3.0);
    QVERIFY(findKey(timeline, {"a", 2.0})->easing == Easing::hold);
  }
  void movingKeepsValueEasingAndOrder() {
    Timeline timeline = withEasing(two(), {{"a", 0.0}}, Easing::linear);
    std::vector<KeyRef> moved;
    timeline = withKeysMoved(timeline, {{"a", 0.0}}, 3.0, &moved);
    QCOMPARE(times(timeline, "a"), (std::vector<double>{2.0, 3.0}));
    QCOMPARE(std::get<double>(findKey(timeline, {"a", 3.0})->value), 0.0);
    QVERIFY(findKey(timeline, {"a", 3.0})->easing == Easing::linear);
    QCOMPARE(moved.size(), 1u);
    QCOMPARE(moved[0].time_s, 3.0);
    QCOMPARE(timeline.tracks[0].control, std::string("a"));
  }
  void movingStopsAtTheEnds() {
    Timeline timeline = withKeysMoved(two(), {{"a", 0.0}, {"b", 1.0}}, -9.0);
    QCOMPARE(times(timeline, "b"), std::vector<double>{1.0});
    timeline = withKeysMoved(two(), {{"a", 2.0}, {"b", 1.0}}, 9.0);
    QCOMPARE(times(timeline, "a"), (std::vector<double>{0.0, 4.0}));
    QCOMPARE(times(timeline, "b"), std::vector<double>{3.0});
  }
  void movingOntoAnotherReplacesIt() {
    const Timeline timeline = withKeysMoved(two(), {{"a", 0.0}}, 2.0);
    QCOMPARE(times(timeline, "a"), std::vector<double>{2.0});
    QCOMPARE(std::get<double>(findKey(timeline, {"a", 2.0})->value), 0.0);
  }
  void aTrackMovedWholeKeepsItsPlace() {
    const Timeline timeline = withKeysMoved(two(), {{"a", 0.0}, {"a", 2.0}}, 1.0);
    QCOMPARE(timeline.tracks[0].control, std::string("a"));
    QCOMPARE(timeline.tracks[1].control, std::string("b"));
  }
  void emptyTracksGo() {
    const Timeline timeline = withoutKeys(two(), {{"b", 1.0}});
    QCOMPARE(timeline.tracks.size(), 1u);
  }
  void durationStretchesOrCuts() {
    QCOMPARE(times(withDuration(two(), 8.0, true), "a"), (std::vector<double>{0.0, 4.0}));
    const Timeline cut = withDuration(two(), 1.5, false);
    QCOMPARE(times(cut, "a"), std::vector<double>{0.0});
    QCOMPARE(times(cut, "b"), std::vector<double>{1.0});
  }
  void timesOfAllTracks() { QCOMPARE(allKeyTimes(two()), (std::vector<double>{0.0, 1.0, 2.0})); }
};

QTEST_GUILESS_MAIN(TestTimelineEdit)
#include "test_timeline_edit.moc"
