// Configuration structs <-> JSON, presets, and stop rules.
#include <QtTest>

#include "engine/api/result.h"
#include "engine/config/fields.h"
#include "engine/train/until.h"

using namespace orrery;
using config::Json;

namespace {

struct Inner {
  std::int64_t batch = 16;
  double lr = 0.002;
  bool mirror = false;
};
template <class Visitor>
void visit_fields(Visitor& v, Inner& c) {
  v("batch", c.batch, {.help = "pictures per step", .min = 1, .max = 4096});
  v("lr", c.lr, {.help = "learning rate", .min = 0, .max = 1});
  v("mirror", c.mirror, {});
}
struct Outer {
  Inner train;
  std::string fit = "crop";
  std::optional<double> gamma;
  std::vector<std::int64_t> widths{8, 16};
};
template <class Visitor>
void visit_fields(Visitor& v, Outer& c) {
  v("train", c.train, {});
  v("fit", c.fit, {.choices = {"crop", "pad"}});
  v("gamma", c.gamma, {.min = 0});
  v("widths", c.widths, {});
}

// What an Error says, "" when there is none.
template <class F>
std::string complaint(F f, ErrorCode code = ErrorCode::wrong_use) {
  try {
    f();
  } catch (const Error& error) {
    return error.error().code == code ? error.error().what_happened : "another code: " + error.error().what_happened;
  }
  return {};
}

}  // namespace

class TestConfig : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void round_trip() {
    Outer a;
    a.train.lr = 0.1 + 0.2;  // needs all digits
    a.gamma = 2.5;
    Outer b;
    config::from_config(Json::parse(config::to_config(a).dump()), b);
    QCOMPARE(b.train.lr, a.train.lr);
    QCOMPARE(*b.gamma, 2.5);
    QVERIFY(config::to_config(a) == config::to_config(b));
    config::from_config(Json{{"gamma", nullptr}}, b);
    QVERIFY(!b.gamma.has_value());
    QCOMPARE(b.train.lr, a.train.lr);  // keys that are not there stay
  }

  void complaints_name_the_path_data() {
    QTest::addColumn<QString>("json");
    QTest::addColumn<QString>("path");
    QTest::newRow("unknown") << R"({"train":{"bach":4}})" << "\"train.bach\"";
    QTest::newRow("unknown at the top") << R"({"trane":{}})" << "\"trane\"";
    QTest::newRow("too large") << R"({"train":{"batch":5000}})" << "\"train.batch\"";
    QTest::newRow("too small") << R"({"train":{"lr":-1}})" << "\"train.lr\"";
    QTest::newRow("fraction") << R"({"train":{"batch":1.5}})" << "\"train.batch\"";
    QTest::newRow("text for number") << R"({"train":{"batch":"16"}})" << "\"train.batch\"";
    QTest::newRow("number for bool") << R"({"train":{"mirror":1}})" << "\"train.mirror\"";
    QTest::newRow("choice") << R"({"fit":"stretch"})" << "\"fit\"";
    QTest::newRow("section is a number") << R"({"train":3})" << "\"train\"";
    QTest::newRow("list of text") << R"({"widths":["a"]})" << "\"widths\"";
    QTest::newRow("optional below") << R"({"gamma":-0.5})" << "\"gamma\"";
    QTest::newRow("top is a list") << R"([])" << "\"(top)\"";
  }
  void complaints_name_the_path() {
    QFETCH(QString, json);
    QFETCH(QString, path);
    Outer c;
    const std::string said = complaint([&] { config::from_config(Json::parse(json.toStdString()), c); });
    QVERIFY2(said.find(path.toStdString()) != std::string::npos, said.c_str());
  }

  void help_covers_every_key() {
    const auto help = config::describe<Outer>();
    QCOMPARE(help.size(), std::size_t{6});
    QCOMPARE(help.at("train.batch").max, 4096.0);
  }

  void presets_derive() {
    const Json defaults = config::to_config(Outer{});
    const std::vector<config::Preset> presets = {{"base", "", "", "", {{"train", {{"batch", 8}}}}},
                                                 {"big", "", "", "base", {{"train", {{"lr", 0.5}}}, {"widths", {1, 2, 3}}}},
                                                 {"a", "", "", "b", Json::object()},
                                                 {"b", "", "", "a", Json::object()}};
    const Json big = config::resolve_preset(defaults, presets, "big");
    QCOMPARE(big["train"]["batch"].get<int>(), 8);
    QCOMPARE(big["train"]["lr"].get<double>(), 0.5);
    QCOMPARE(big["widths"].size(), std::size_t{3});
    QVERIFY(config::resolve_preset(defaults, presets, "") == defaults);
    QVERIFY(complaint([&] { config::resolve_preset(defaults, presets, "bog"); }).find("\"bog\"") != std::string::npos);
    QVERIFY(!complaint([&] { config::resolve_preset(defaults, presets, "a"); }, ErrorCode::failed).empty());
  }

  void paths_are_set() {
    Json json = config::to_config(Outer{});
    config::set_path(json, "train.batch", "32");
    config::set_path(json, "fit", "pad");
    config::set_path(json, "train.mirror", "true");
    config::set_path(json, "widths", "[4]");
    Outer c;
    config::from_config(json, c);
    QCOMPARE(c.train.batch, std::int64_t{32});
    QCOMPARE(c.fit, std::string("pad"));
    QVERIFY(c.train.mirror);
    QCOMPARE(c.widths.size(), std::size_t{1});
    QVERIFY(!complaint([&] { config::set_path(json, "train..x", "1"); }).empty());
    QVERIFY(!complaint([&] { config::set_path(json, "fit.x", "1"); }).empty());
    QVERIFY(!complaint([&] { config::set_path(json, "", "1"); }).empty());
  }

  void stop_rules_data() {
    QTest::addColumn<QString>("text");
    QTest::addColumn<double>("amount");
    QTest::addColumn<int>("unit");
    const int kimg = static_cast<int>(Until::Unit::kimg), minutes = static_cast<int>(Until::Unit::minutes), steps = static_cast<int>(Until::Unit::steps);
    QTest::newRow("kimg") << "200kimg" << 200.0 << kimg;
    QTest::newRow("fraction") << "0.5kimg" << 0.5 << kimg;
    QTest::newRow("min") << "10min" << 10.0 << minutes;
    QTest::newRow("minutes") << "5minutes" << 5.0 << minutes;
    QTest::newRow("minute") << "1 minute" << 1.0 << minutes;
    QTest::newRow("seconds") << "40s" << 40.0 / 60.0 << minutes;
    QTest::newRow("seconds in full") << "90 seconds" << 1.5 << minutes;
    QTest::newRow("hours") << "2h" << 120.0 << minutes;
    QTest::newRow("steps") << "5000steps" << 5000.0 << steps;
    QTest::newRow("exponent") << "1e3steps" << 1000.0 << steps;
    for (const char* bad : {"", "10", "kimg", "-3min", "0steps", "nan min", "infkimg", "1e999kimg", "10 parsecs", "10minx", "1.5steps", " 10min", "10min "}) {
      QTest::newRow(QByteArray("bad: ") + bad) << bad << -1.0 << 0;
    }
  }
  void stop_rules() {
    QFETCH(QString, text);
    QFETCH(double, amount);
    QFETCH(int, unit);
    if (amount < 0) {
      QVERIFY(!complaint([&] { parse_until(text.toStdString()); }).empty());
      return;
    }
    const Until until = parse_until(text.toStdString());
    QCOMPARE(until.amount, amount);
    QCOMPARE(static_cast<int>(until.unit), unit);
    const Until again = parse_until(format_until(until));
    QCOMPARE(again.amount, until.amount);
    QCOMPARE(static_cast<int>(again.unit), unit);
  }

  void stop_rules_count() {
    const Done done{2500, 10, 30.0};
    QCOMPARE(fraction_done({10, Until::Unit::kimg}, done), 0.25);
    QCOMPARE(fraction_done({20, Until::Unit::steps}, done), 0.5);
    QCOMPARE(fraction_done({1, Until::Unit::minutes}, done), 0.5);
    QVERIFY(fraction_done({}, done) < 0.0);
  }
};

QTEST_GUILESS_MAIN(TestConfig)
#include "test_config.moc"
