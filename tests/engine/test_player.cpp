// The player of generators: what each control means, and that a picture depends on its own request only.
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>

#include <QtTest>

#include <cmath>

#include "engine/api/result.h"
#include "engine/explore/check_request.h"
#include "engine/explore/directions.h"
#include "tiny_generator.h"

using namespace orrery;
using namespace orrery::tests;

namespace {

using Values = std::map<std::string, Value>;

class Never : public RenderObserver {};
class After : public RenderObserver {  // cancels from the n-th question on
 public:
  explicit After(int n) : left_(n) {}
  bool cancelled() const override { return left_-- <= 0; }

 private:
  mutable int left_;
};

Request request(Values values) { return {"tiny", std::move(values)}; }

at::Tensor picture(Player& player, Values values) {
  Never never;
  return player.render({request(std::move(values))}, never);
}

bool same(const at::Tensor& a, const at::Tensor& b) { return at::equal(a, b); }
double distance(const at::Tensor& a, const at::Tensor& b) { return (a - b).square().mean().sqrt().item<double>(); }

// The id of the control that an error names, or what went wrong instead.
std::string refused(Player& player, Values values) {
  try {
    picture(player, std::move(values));
  } catch (const Error& error) {
    if (error.error().code != ErrorCode::wrong_use) return "another error";
    const std::string text = error.error().what_happened;
    const auto from = text.find('"') + 1;
    return text.substr(from, text.find('"', from) - from);
  }
  return "nothing";
}

}  // namespace

class TestPlayer : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void initTestCase() {
    QVERIFY(cache_.isValid());
    qputenv("ORRERY_CACHE_DIR", cache_.path().toUtf8());
  }

  void neutral_request_is_the_plain_network() {
    const auto model = tiny_model();
    auto player = make_generator_player(model);
    auto& network = network_of(*model);
    const at::Tensor z = normal_per_sample({5}, 0, {8}, at::TensorOptions().dtype(at::kFloat));
    const at::Tensor plain = network.synthesise(network.map(z, {}), {});
    QVERIFY(same(picture(*player, {{"seed", std::int64_t{5}}}), plain));

    Values neutral;
    for (const auto& spec : player->controls()) neutral[spec.id] = spec.neutral;
    neutral["seed"] = std::int64_t{5};
    QVERIFY(same(picture(*player, neutral), plain));
  }

  void a_sample_does_not_depend_on_its_neighbours() {
    for (const std::int64_t classes : {0, 3}) {
      TinyOptions options;
      options.classes = classes;
      auto player = make_generator_player(tiny_model(options));
      std::vector<Request> many;
      for (std::int64_t i = 0; i < 16; ++i) {
        Values values{{"seed", i}, {"latent.pad", std::vector<double>{0.1 * static_cast<double>(i), 0.3}}, {"truncation.psi", 0.5 + 0.05 * static_cast<double>(i)},
                      {"noise.mode", std::string(i % 3 == 0 ? "none" : i % 3 == 1 ? "constant" : "random")}, {"noise.seed", i}, {"mix.strength", i % 2 ? 0.5 : 0.0}};
        if (classes) values["class"] = std::string("class ") + std::to_string(i % classes);
        many.push_back(request(values));
      }
      Never never;
      const at::Tensor all = player->render(many, never);
      QCOMPARE(all.size(0), std::int64_t{16});
      QVERIFY(same(all[7], player->render({many[7]}, never)[0]));
      std::reverse(many.begin(), many.end());
      QVERIFY(same(player->render(many, never)[16 - 1 - 7], all[7]));
    }
  }

  void every_control_acts_data() {
    QTest::addColumn<bool>("conditional");
    QTest::newRow("unconditional") << false;
    QTest::newRow("conditional") << true;
  }
  void every_control_acts() {
    QFETCH(bool, conditional);
    TinyOptions options;
    options.classes = conditional ? 3 : 0;
    options.weights_seed = conditional ? 21 : 20;
    const auto model = tiny_model(options, conditional ? std::vector<std::string>{"cat", "dog", "dog"} : std::vector<std::string>{});
    directions_of(*model);
    auto player = make_generator_player(model);
    // Where a control acts only beside another, that one is set on both sides.
    const std::map<std::string, Values> beside = {
        {"latent.mode", {{"latent.blend", 0.3}}},       {"latent.second", {{"latent.blend", 0.3}}}, {"latent.second_pad", {{"latent.blend", 0.3}}},
        {"truncation.cutoff", {{"truncation.psi", 0.3}}}, {"mix.seed", {{"mix.strength", 0.7}}},      {"mix.layers", {{"mix.strength", 0.7}}},
        {"noise.seed", {{"noise.mode", std::string("random")}}}, {"direction.layers", {{"direction.pca.1", 2.0}}}};
    int acting = 0;
    for (const auto& spec : player->controls()) {
      QVERIFY2(!spec.section.empty() && !spec.label.empty() && !spec.help.empty(), spec.id.c_str());
      if (!spec.unavailable.empty()) {
        QVERIFY2(!conditional && spec.section == "Class", spec.id.c_str());
        continue;
      }
      Values base = beside.count(spec.id) ? beside.at(spec.id) : Values{};
      Value other;
      switch (spec.kind) {
        case ControlKind::slider: other = spec.neutral == Value(spec.max) ? spec.min : spec.max; break;
        case ControlKind::integer: other = static_cast<std::int64_t>(spec.min) + 1; break;
        case ControlKind::seed: other = std::int64_t{77}; break;
        case ControlKind::choice: other = spec.neutral == Value(spec.choices.front()) ? spec.choices.back() : spec.choices.front(); break;
        case ControlKind::latent_pad: other = std::vector<double>{0.4, 1.7}; break;
        case ControlKind::class_blend: other = std::vector<double>{0.2, 0.0, 0.7}; break;
        case ControlKind::layer_range: other = std::vector<double>{1.0, 2.0}; break;
        default: QFAIL(("no value known for " + spec.id).c_str());
      }
      const at::Tensor before = picture(*player, base);
      base[spec.id] = other;
      const at::Tensor after = picture(*player, base);
      QVERIFY2(distance(before, after) > 1e-3, (spec.id + " does not act").c_str());
      ++acting;
    }
    QVERIFY(acting >= (conditional ? 37 : 35));
  }

  void walking_is_smooth_and_whole_points_are_seeds() {
    auto player = make_generator_player(tiny_model());
    const auto at = [&](double x, double y, const char* mode) {
      return picture(*player, {{"seed", std::int64_t{40}}, {"latent.pad", std::vector<double>{x, y}}, {"latent.mode", std::string(mode)}});
    };
    for (const char* mode : {"z slerp", "z lerp", "w lerp"}) {
      QVERIFY(same(at(3.0, 0.0, mode), picture(*player, {{"seed", std::int64_t{43}}})));
      QVERIFY(same(at(-2.0, 1.0, mode), picture(*player, {{"seed", std::int64_t{138}}})));
      const double whole = distance(at(0.0, 0.0, mode), at(1.0, 0.0, mode));
      at::Tensor last = at(-0.5, 0.25, mode);
      for (double x = -0.5 + 1.0 / 64; x <= 1.5; x += 1.0 / 64) {
        const at::Tensor here = at(x, 0.25, mode);
        QVERIFY2(distance(last, here) < 0.15 * whole, mode);
        last = here;
      }
    }
  }

  void blend_ends_are_exact() {
    auto player = make_generator_player(tiny_model());
    for (const char* mode : {"z slerp", "z lerp", "w lerp"}) {
      Values values{{"seed", std::int64_t{3}}, {"latent.second", std::int64_t{9}}, {"latent.second_pad", std::vector<double>{1.0, 0.0}}, {"latent.mode", std::string(mode)}};
      values["latent.blend"] = 0.0;
      QVERIFY(same(picture(*player, values), picture(*player, {{"seed", std::int64_t{3}}})));
      values["latent.blend"] = 1.0;
      QVERIFY(same(picture(*player, values), picture(*player, {{"seed", std::int64_t{10}}})));
    }
  }

  void truncation_and_mixing() {
    const auto model = tiny_model();
    auto player = make_generator_player(model);
    auto& network = network_of(*model);
    const at::Tensor average = network.synthesise(network.w_average().view({1, 1, -1}).repeat({1, 4, 1}), {});
    QVERIFY(same(picture(*player, {{"seed", std::int64_t{2}}, {"truncation.psi", 0.0}}), average));
    QVERIFY(same(picture(*player, {{"seed", std::int64_t{2}}, {"truncation.psi", 0.0}, {"truncation.cutoff", std::int64_t{0}}}), picture(*player, {{"seed", std::int64_t{2}}})));
    QVERIFY(same(picture(*player, {{"seed", std::int64_t{2}}, {"mix.seed", std::int64_t{8}}, {"mix.strength", 1.0}}), picture(*player, {{"seed", std::int64_t{8}}})));
    // A whole number in a recipe means the same as the same double.
    QVERIFY(same(picture(*player, {{"truncation.psi", std::int64_t{0}}}), picture(*player, {{"truncation.psi", 0.0}})));

    auto bare = make_generator_player(tiny_model({.average = false}));
    QCOMPARE(refused(*bare, {{"truncation.psi", 0.5}}), std::string("truncation.psi"));
    QVERIFY(!find_control(bare->controls(), "truncation.psi")->unavailable.empty());
    QCOMPARE(refused(*bare, {{"truncation.psi", 1.0}}), std::string("nothing"));
  }

  void classes() {
    TinyOptions options;
    options.classes = 3;
    auto player = make_generator_player(tiny_model(options, {"cat", "dog", "dog"}));
    const auto specs = player->controls();
    const ControlSpec* spec = find_control(specs, "class");
    QVERIFY(spec && (spec->choices == std::vector<std::string>{"cat", "dog", "dog (2)"}));
    const at::Tensor dog = picture(*player, {{"class", std::string("dog")}});
    QVERIFY(same(dog, picture(*player, {{"class.blend", std::vector<double>{0.0, 4.0, 0.0}}})));
    QVERIFY(!same(dog, picture(*player, {{"class", std::string("cat")}})));
    QCOMPARE(refused(*player, {{"class", std::string("horse")}}), std::string("class"));
    QCOMPARE(refused(*player, {{"class.blend", std::vector<double>{1.0}}}), std::string("class.blend"));
  }

  void bad_values_are_refused_by_name() {
    auto player = make_generator_player(tiny_model());
    const double inf = std::numeric_limits<double>::infinity();
    const std::vector<std::pair<const char*, Value>> bad = {
        {"truncation.psi", 2.5}, {"truncation.psi", std::nan("")}, {"truncation.psi", std::string("1")}, {"seed", std::int64_t{-1}}, {"seed", 1.5},
        {"truncation.cutoff", std::int64_t{5}}, {"latent.pad", std::vector<double>{1.0}}, {"latent.pad", std::vector<double>{inf, 0.0}}, {"latent.pad", 0.5},
        {"mix.layers", std::vector<double>{3.0, 1.0}}, {"mix.layers", std::vector<double>{0.0, 4.0}}, {"noise.mode", std::string("pink")}, {"latent.blend", 1.01},
        {"class", std::string("cat")}};
    for (const auto& [id, value] : bad) QCOMPARE(refused(*player, {{id, value}}), std::string(id));
    QCOMPARE(refused(*player, {{"of.another.player", 3.0}}), std::string("nothing"));
  }

  void values_as_typed() {
    auto player = make_generator_player(tiny_model({.classes = 3}, {"cat", "dog", "a,b"}));
    const auto specs = player->controls();
    const auto parse = [&](const char* id, const char* text) { return parse_value(*find_control(specs, id), text); };
    QVERIFY(parse("truncation.psi", "0.5") == Value(0.5));
    QVERIFY(parse("truncation.psi", "1") == Value(1.0));
    QVERIFY(parse("seed", "4294967295") == Value(std::int64_t{4294967295}));
    QVERIFY(parse("latent.pad", "-1.5,2") == (Value(std::vector<double>{-1.5, 2.0})));
    QVERIFY(parse("class.blend", "dog:0.5,cat:1") == (Value(std::vector<double>{1.0, 0.5, 0.0})));
    QVERIFY(parse("class", "a,b") == Value(std::string("a,b")));
    for (const char* text : {"", "abc", "0.5x", "1e999", "nan", "3"}) {
      try {
        parse("truncation.psi", text);
        QFAIL(text);
      } catch (const Error& error) {
        QVERIFY(error.error().what_happened.find("truncation.psi") != std::string::npos);
        QVERIFY(error.error().what_to_do.find("between -1 and 2") != std::string::npos);
      }
    }
  }

  void cancelled_between_evaluations() {
    const auto model = tiny_model();
    auto player = make_generator_player(model);
    auto& network = network_of(*model);
    After at_once(0), later(2);
    QVERIFY(!player->render({request({{"latent.mode", std::string("w lerp")}, {"latent.pad", std::vector<double>{0.5, 0.5}}})}, at_once).defined());
    QCOMPARE(network.maps.load(), 0);
    QVERIFY(!player->render({request({{"latent.mode", std::string("w lerp")}, {"latent.pad", std::vector<double>{0.5, 0.5}}})}, later).defined());
    QCOMPARE(network.maps.load(), 2);
    QCOMPARE(network.syntheses.load(), 0);
  }

 private:
  QTemporaryDir cache_;
};

QTEST_GUILESS_MAIN(TestPlayer)
#include "test_player.moc"
