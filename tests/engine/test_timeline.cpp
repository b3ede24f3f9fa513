// Timelines: interpolation, easing, loops closed in value and slope, paths through stored positions, and their JSON.
#include <QtTest>

#include <algorithm>
#include <cmath>

#include "engine/api/timeline.h"

using namespace orrery;

namespace {

Track track(const char* id, std::vector<Keyframe> keys) { return {id, std::move(keys)}; }
Timeline timeline(std::vector<Track> tracks, double duration_s, bool loop) {
  Timeline out;
  out.duration_s = duration_s;
  out.loop = loop;
  out.base.model = "m";
  out.tracks = std::move(tracks);
  return out;
}
double number(const Timeline& path, double t, const char* id = "x") { return std::get<double>(request_at(path, t).values.at(id)); }
std::vector<double> list(const Timeline& path, double t, const char* id = "p") { return std::get<std::vector<double>>(request_at(path, t).values.at(id)); }

std::vector<double> frame_steps(const Timeline& path) {  // of the list control "p", the last one round to the first frame
  std::vector<double> out;
  for (std::int64_t k = 0; k < frame_count(path); ++k) {
    const auto a = list(path, frame_time(path, k)), b = list(path, frame_time(path, (k + 1) % frame_count(path)));
    double sum = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
    out.push_back(std::sqrt(sum));
  }
  return out;
}
double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}
// Slope just before minus just after t (of a loop when t is 0).
double slope_jump(const Timeline& path, double t, const char* id = "x") {
  const double h = 1e-6, before = t > 0.0 ? t : path.duration_s;
  return (number(path, before - h, id) - number(path, before - 2 * h, id)) / h - (number(path, t + 2 * h, id) - number(path, t + h, id)) / h;
}

}  // namespace

class TestTimeline : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void keys_are_met_exactly_and_ends_hold() {
    const auto path = timeline({track("x", {{0.5, 2.0, Easing::smooth}, {1.5, 5.0, Easing::linear}, {3.0, -1.0, Easing::ease_out}})}, 4.0, false);
    QCOMPARE(number(path, 0.0), 2.0);
    QCOMPARE(number(path, 0.5), 2.0);
    QCOMPARE(number(path, 1.5), 5.0);
    QCOMPARE(number(path, 2.25), 2.0);
    QCOMPARE(number(path, 3.0), -1.0);
    QCOMPARE(number(path, 4.0), -1.0);
    QCOMPARE(number(path, 99.0), -1.0);
    QCOMPARE(number(path, -1.0), 2.0);
    QCOMPARE(request_at(path, 1.0).model, std::string("m"));
  }

  void easings() {
    const auto with = [](Easing easing) { return timeline({track("x", {{0.0, 0.0, easing}, {1.0, 1.0, Easing::hold}})}, 1.0, false); };
    QCOMPARE(number(with(Easing::linear), 0.25), 0.25);
    QCOMPARE(number(with(Easing::ease_in), 0.25), 0.0625);
    QCOMPARE(number(with(Easing::ease_out), 0.25), 0.4375);
    QCOMPARE(number(with(Easing::hold), 0.999), 0.0);
    QCOMPARE(number(with(Easing::hold), 1.0), 1.0);
    QCOMPARE(number(with(Easing::smooth), 0.25), 0.15625);  // 3 u^2 - 2 u^3: two keys, at rest at both ends
    for (Easing easing : {Easing::linear, Easing::smooth, Easing::ease_in, Easing::ease_out}) {
      double last = 0.0;
      for (int i = 1; i <= 100; ++i) {
        const double here = number(with(easing), i / 100.0);
        QVERIFY(here > last && here <= 1.0);
        last = here;
      }
    }
  }

  void smooth_shares_its_slope_and_never_overshoots() {
    const auto path = timeline({track("x", {{0.0, 0.0, Easing::smooth}, {1.0, 1.0, Easing::smooth}, {1.5, 4.0, Easing::smooth}, {3.0, 4.5, Easing::smooth}, {4.0, 0.0, Easing::smooth}})}, 4.0, false);
    for (double t : {1.0, 1.5, 3.0}) QVERIFY(std::abs(slope_jump(path, t)) < 1e-3);
    QVERIFY((number(path, 1.0 + 1e-6) - number(path, 1.0)) / 1e-6 > 0.5);  // does not stop on the way
    for (int i = 0; i < 400; ++i) {
      const double t = i / 100.0, x = number(path, t);
      QVERIFY(x >= 0.0 && x <= 4.5);
      if (t < 3.0) QVERIFY(number(path, t + 0.01) >= x);
    }
    // Beside a linear segment the smooth one takes over its slope.
    const auto mixed = timeline({track("x", {{0.0, 0.0, Easing::smooth}, {1.0, 1.0, Easing::linear}, {2.0, 2.0, Easing::smooth}, {3.0, 2.5, Easing::hold}})}, 3.0, false);
    QVERIFY(std::abs(slope_jump(mixed, 1.0)) < 1e-3);
    QVERIFY(std::abs(slope_jump(mixed, 2.0)) < 1e-3);
  }

  void kinds_of_values() {
    const auto path = timeline({track("n", {{0.0, std::int64_t{0}, Easing::linear}, {1.0, std::int64_t{10}, Easing::linear}}),
                                track("b", {{0.0, true, Easing::linear}, {1.0, false, Easing::linear}}),
                                track("s", {{0.0, std::string("a"), Easing::smooth}, {1.0, std::string("b"), Easing::smooth}}),
                                track("p", {{0.0, std::vector<double>{0, 2}, Easing::linear}, {1.0, std::vector<double>{1, 4}, Easing::linear}}),
                                track("q", {{0.0, std::vector<double>{0, 2}, Easing::smooth}, {1.0, std::vector<double>{1}, Easing::smooth}}),
                                track("m", {{0.0, std::int64_t{1}, Easing::linear}, {1.0, 2.0, Easing::linear}})}, 1.0, false);
    const auto half = request_at(path, 0.46).values;
    QVERIFY(half.at("n") == Value(std::int64_t{5}));
    QVERIFY(half.at("b") == Value(true));
    QVERIFY(half.at("s") == Value(std::string("a")));
    QVERIFY(half.at("p") == (Value(std::vector<double>{0.46, 2.92})));
    QVERIFY(half.at("q") == (Value(std::vector<double>{0, 2})));
    QVERIFY(half.at("m") == Value(1.46));
    const auto end = request_at(path, 1.0).values;
    QVERIFY(end.at("b") == Value(false) && end.at("s") == Value(std::string("b")) && end.at("n") == Value(std::int64_t{10}));
  }

  void loops_close_in_value_and_slope() {
    // Uneven keys, the first one not at 0: the way from the last to the first passes the end of the loop.
    const auto path = timeline({track("x", {{0.7, 0.0, Easing::smooth}, {1.1, 2.0, Easing::smooth}, {2.9, 3.0, Easing::smooth}, {3.3, 1.0, Easing::smooth}})}, 4.0, true);
    QVERIFY(std::abs(number(path, 0.0) - number(path, 4.0)) < 1e-12);
    QVERIFY(number(path, 0.0) > 0.0 && number(path, 0.0) < 1.0);
    for (double t : {0.0, 0.7, 1.1, 2.9, 3.3}) QVERIFY2(std::abs(slope_jump(path, t)) < 1e-3, qPrintable(QString::number(t)));
    // A key at the very start: the slope goes through it.
    const auto through = timeline({track("x", {{0.0, 1.0, Easing::smooth}, {1.0, 2.0, Easing::smooth}, {3.0, 0.0, Easing::smooth}})}, 4.0, true);
    QVERIFY(std::abs(slope_jump(through, 0.0)) < 1e-3);
    QVERIFY((number(through, 1e-6) - number(through, 0.0)) / 1e-6 > 0.5);
    QVERIFY(std::abs(number(through, 4.0 - 1e-9) - 1.0) < 1e-6);
  }

  void the_step_from_the_last_frame_to_the_first_is_a_step_like_any_other() {
    const double r = 2.0;
    std::vector<Keyframe> round;
    for (int k = 0; k < 8; ++k) round.push_back({k * 0.5, std::vector<double>{r * std::cos(k * M_PI / 4), r * std::sin(k * M_PI / 4)}, Easing::smooth});
    const auto circle = timeline({track("p", round)}, 4.0, true);
    auto steps = frame_steps(circle);
    QCOMPARE(steps.size(), std::size_t{120});
    QVERIFY(steps.back() <= median(steps) * 1.0 + 1e-9);
    QVERIFY(*std::max_element(steps.begin(), steps.end()) < 2.0 * median(steps));
    for (double step : steps) QVERIFY(step > 0.0);

    std::vector<Keyframe> square{{0.0, std::vector<double>{0, 0}, Easing::linear}, {1.0, std::vector<double>{1, 0}, Easing::linear}, {2.0, std::vector<double>{1, 1}, Easing::linear}, {3.0, std::vector<double>{0, 1}, Easing::linear}};
    steps = frame_steps(timeline({track("p", square)}, 4.0, true));
    for (double step : steps) QVERIFY(std::abs(step - 1.0 / 30) < 1e-9);
  }

  void loops_of_few_keys_and_keys_behind_the_end() {
    const auto one = timeline({track("x", {{1.0, 3.0, Easing::smooth}})}, 2.0, true);
    for (double t : {0.0, 1.0, 2.0}) QCOMPARE(number(one, t), 3.0);
    const auto two = timeline({track("x", {{0.0, 0.0, Easing::smooth}, {1.0, 1.0, Easing::smooth}})}, 2.0, true);
    QCOMPARE(number(two, 1.5), 0.5);
    QCOMPARE(number(two, 2.0), 0.0);
    const auto behind = timeline({track("x", {{0.0, 0.0, Easing::linear}, {1.0, 1.0, Easing::linear}, {9.0, 50.0, Easing::linear}})}, 2.0, true);
    QCOMPARE(number(behind, 1.5), 0.5);
    const auto shortened = timeline({track("x", {{0.0, 0.0, Easing::linear}, {4.0, 4.0, Easing::linear}})}, 2.0, false);
    QCOMPARE(number(shortened, 2.0), 2.0);
    QVERIFY(request_at(timeline({track("x", {})}, 2.0, true), 1.0).values.empty());
  }

  void jumps() {
    const auto path = timeline({track("x", {{0.0, 0.0, Easing::smooth}, {1.0, 1.0, Easing::hold}, {1.0, 5.0, Easing::smooth}, {2.0, 6.0, Easing::hold}})}, 2.0, false);
    QVERIFY(number(path, 1.0 - 1e-9) <= 1.0);
    QCOMPARE(number(path, 1.0), 5.0);
    QVERIFY(number(path, 0.5) == 0.5 && number(path, 1.5) == 5.5);
  }

  void frames() {
    Timeline path;
    path.duration_s = 2.0;
    path.frames_per_s = 29.97;
    QCOMPARE(frame_count(path), std::int64_t{60});
    path.duration_s = 1e-3;
    QCOMPARE(frame_count(path), std::int64_t{1});
    path.frames_per_s = 25.0;
    QCOMPARE(frame_time(path, 50), 2.0);
  }

  void path_through_positions() {
    std::vector<ControlSpec> controls;
    for (const char* id : {"seed", "latent.second", "latent.blend", "truncation.psi", "class"}) {
      ControlSpec spec;
      spec.id = id;
      spec.neutral = spec.id == "truncation.psi" ? Value(1.0) : spec.id == "latent.blend" ? Value(0.0) : Value(std::int64_t{0});
      if (spec.id == "class") spec.neutral = std::string("cat");
      controls.push_back(spec);
    }
    for (const char* id : {"latent.pad", "latent.second_pad"}) {
      ControlSpec spec;
      spec.id = id;
      spec.neutral = std::vector<double>{0.0, 0.0};
      controls.push_back(spec);
    }
    const std::vector<Request> stops{{"m", {{"seed", std::int64_t{4}}, {"truncation.psi", 0.5}}},
                                     {"m", {{"seed", std::int64_t{7}}, {"latent.pad", std::vector<double>{0.5, 0.25}}, {"class", std::string("dog")}}},
                                     {"m", {{"seed", std::int64_t{9}}}}};
    for (const bool loop : {true, false}) {
      const auto path = timeline_through(stops, controls, 6.0, 30.0, loop);
      const double way = loop ? 2.0 : 3.0;
      for (std::size_t k = 0; k < 3; ++k) {
        const auto at = request_at(path, way * static_cast<double>(k));
        const bool last = !loop && k == 2;  // a path that is no loop ends as the far end of its last blend
        QVERIFY(at.get<double>("latent.blend", -1.0) == (last ? 1.0 : 0.0));
        const char* seed = last ? "latent.second" : "seed";
        const char* pad = last ? "latent.second_pad" : "latent.pad";
        QCOMPARE(at.get<std::int64_t>(seed, -1), std::get<std::int64_t>(stops[k].values.at("seed")));
        QVERIFY(at.get<std::vector<double>>(pad, {}) == stops[k].get<std::vector<double>>("latent.pad", {0.0, 0.0}));
        QCOMPARE(at.get<double>("truncation.psi", -1.0), k == 0 ? 0.5 : 1.0);
        QCOMPARE(at.get<std::string>("class", ""), std::string(k == 1 ? "dog" : "cat"));
      }
      const auto before = request_at(path, way - 1e-6);
      QVERIFY(before.get<double>("latent.blend", 0.0) > 1.0 - 1e-6);
      QVERIFY(before.get<std::int64_t>("latent.second", 0) == 7 && before.get<std::int64_t>("seed", 0) == 4);
      QCOMPARE(request_at(path, way / 2).get<double>("latent.blend", 0.0), 0.5);
    }
    const auto end = request_at(timeline_through(stops, controls, 6.0, 30.0, true), 6.0 - 1e-9);
    QVERIFY(end.get<std::int64_t>("seed", 0) == 9 && end.get<std::int64_t>("latent.second", 0) == 4);

    // One seed: an ordinary walk on the pad, nothing held.
    const std::vector<Request> walk{{"m", {{"seed", std::int64_t{4}}}}, {"m", {{"seed", std::int64_t{4}}, {"latent.pad", std::vector<double>{1.0, 0.0}}}}};
    const auto path = timeline_through(walk, controls, 2.0, 30.0, false);
    QCOMPARE(path.tracks.size(), std::size_t{1});
    QVERIFY(list(path, 1.0, "latent.pad") == (std::vector<double>{0.5, 0.0}));
    QVERIFY(timeline_through({walk[0]}, controls, 2.0, 30.0, true).tracks.empty());
  }

  void json_round_trip() {
    auto path = timeline({track("x", {{0.1, 0.1 + 0.2, Easing::ease_in}, {1.0 / 3, 1e-300, Easing::hold}}), track("p", {{0.0, std::vector<double>{1, 2.5}, Easing::smooth}}),
                          track("s", {{0.0, std::string("\u00e9\u2028 \"quoted\" \\ "), Easing::linear}}), track("n", {{0.0, std::int64_t{-9007199254740993}, Easing::linear}})}, 7.25, true);
    path.frames_per_s = 23.976;
    path.base.values["toggle"] = true;
    const std::string text = timeline_to_json(path);
    QVERIFY(std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
    const auto read = timeline_from_json(text);
    QVERIFY(static_cast<bool>(read));
    QCOMPARE(timeline_to_json(read.value()), text);
    QVERIFY(request_at(read.value(), 0.2) == request_at(path, 0.2));
    QVERIFY(static_cast<bool>(timeline_from_json(R"({"duration_s": 2, "tracks": []})")));
  }

  void bad_json_data() {
    QTest::addColumn<QString>("text");
    QTest::newRow("empty") << "";
    QTest::newRow("not json") << "hello";
    QTest::newRow("array") << "[]";
    QTest::newRow("number") << "5";
    QTest::newRow("no time") << R"({"duration_s": 0})";
    QTest::newRow("for ever") << R"({"duration_s": 1e300})";
    QTest::newRow("text as time") << R"({"duration_s": "long"})";
    QTest::newRow("frames") << R"({"frames_per_s": -1})";
    QTest::newRow("base") << R"({"base": 7})";
    QTest::newRow("tracks") << R"({"tracks": 7})";
    QTest::newRow("keys") << R"({"tracks": [{"control": "x", "keys": 1}]})";
    QTest::newRow("no control") << R"({"tracks": [{"keys": []}]})";
    QTest::newRow("easing") << R"({"tracks": [{"control": "x", "keys": [{"time_s": 0, "value": 1, "easing": "bounce"}]}]})";
    QTest::newRow("value") << R"({"tracks": [{"control": "x", "keys": [{"time_s": 0, "value": {}}]}]})";
    QTest::newRow("mixed list") << R"({"tracks": [{"control": "x", "keys": [{"time_s": 0, "value": [1, "a"]}]}]})";
    QTest::newRow("before the start") << R"({"tracks": [{"control": "x", "keys": [{"time_s": -1, "value": 1}]}]})";
    QTest::newRow("overflow") << R"({"tracks": [{"control": "x", "keys": [{"time_s": 1e999, "value": 1}]}]})";
    QTest::newRow("twice") << R"({"tracks": [{"control": "x", "keys": []}, {"control": "x", "keys": []}]})";
  }
  void bad_json() {
    QFETCH(QString, text);
    const auto read = timeline_from_json(text.toStdString());
    QVERIFY(!read);
    QVERIFY(!read.error().what_happened.empty() && read.error().code == ErrorCode::bad_input);
  }
};

QTEST_GUILESS_MAIN(TestTimeline)
#include "test_timeline.moc"
