// What every system of the catalogue must do. A new system is tested by its line in engine/catalogue.def.
#include <ATen/Parallel.h>
#include <ATen/ops/randn.h>

#include <QTemporaryDir>
#include <QTest>
#include <algorithm>
#include <set>

#include "engine/api/result.h"
#include "engine/explore/picture_value.h"
#include "engine/io/module_weights.h"
#include "engine/io/safetensors.h"
#include "engine/systems/system.h"
#include "engine/train/trainer.h"
#include "spread_codes.h"

using namespace orrery;
using nlohmann::json;

namespace {

// The smallest preset at a small size.
struct Tiny {
  const System& system;
  DataShape data;
  json config;

  Tiny(const std::string& id, std::int64_t classes) : system(find_system(id)) {
    const auto presets = system.presets();
    const bool has_tiny = std::any_of(presets.begin(), presets.end(), [](const auto& preset) { return preset.id == "tiny"; });
    const json preset = config::resolve_preset(system.defaults(), presets, has_tiny ? "tiny" : presets.front().id);
    const int wanted = system.wanted_size_px(preset);
    data.resolution_px = wanted > 0 ? std::min(wanted, 16) : 16;
    data.classes = classes;
    data.pictures = 64;
    config = system.resolve(preset, data);
  }

  // Weights that are zero or alike at the start (noise strengths, biases, output layers) are shaken, so that every control can show.
  std::shared_ptr<Model> model() const {
    auto model = std::make_shared<Model>();
    model->system = system.info().id;
    model->config = config;
    for (std::int64_t i = 0; i < data.classes; ++i) model->class_names.push_back("class " + std::to_string(i));
    model->network = system.build_network(config);
    std::uint64_t number = 0;
    const at::NoGradGuard no_grad;
    for (auto& item : model->network->named_parameters()) {
      at::Tensor& parameter = item.value();
      Rng rng = Rng(11).fork(number++);
      if (parameter.numel() < 2 || parameter.std().item<double>() < 1e-6)
        parameter.add_(rng.normal(parameter.sizes(), parameter.options().requires_grad(false)), 0.2);
      parameter.requires_grad_(false);
    }
    model->network->eval();
    return model;
  }

  Batch batch(std::int64_t count) const {
    Batch batch;
    batch.pictures = Rng(4).uniform({count, data.channels, data.resolution_px, data.resolution_px}, at::kFloat).mul(255).to(at::kByte);
    for (std::int64_t i = 0; i < count; ++i) batch.indices.push_back(i);
    if (data.classes > 0) {
      batch.labels = at::zeros({count, data.classes});
      for (std::int64_t i = 0; i < count; ++i) batch.labels[i][i % data.classes] = 1.0;
    }
    return batch;
  }
};

at::Tensor render(Player& player, std::vector<Request> requests) {
  RenderObserver observer;
  return player.render(requests, observer);
}

// A made-up picture, another one for each control, or a grey one whose lower half is white.
std::string generated(const ControlSpec& spec) {
  const ControlKind kind = spec.kind;
  const int turn = spec.id == "photo" ? 0 : 101;
  constexpr int side_px = 16;
  const int channels = kind == ControlKind::mask ? 1 : 3;
  std::vector<std::uint8_t> pixels;
  for (int y = 0; y < side_px; ++y) {
    for (int x = 0; x < side_px; ++x) {
      if (kind == ControlKind::mask) pixels.push_back(2 * y < side_px ? 0 : 255);
      else for (int colour = 0; colour < 3; ++colour) pixels.push_back(static_cast<std::uint8_t>(73 * (x / 4) + 151 * (y / 4) * (x / 4 + 1) + 97 * colour + turn));
    }
  }
  return picture_value({pixels.data(), side_px, side_px, channels, 0});
}

Request with(std::map<std::string, Value> values) { return {"model", std::move(values)}; }

// Values other than the neutral one, to try in turn.
std::vector<Value> other_values(const ControlSpec& spec) {
  std::vector<Value> values;
  switch (spec.kind) {
    case ControlKind::slider: {
      const double neutral = std::get<double>(spec.neutral);
      values.push_back(neutral < spec.max ? neutral + 0.6 * (spec.max - neutral) : 0.5 * (spec.min + spec.max));
      if (neutral == spec.max) values.push_back(spec.min);  // an upper limit may lie above all there is to limit
      break;
    }
    case ControlKind::integer:
    case ControlKind::seed: {
      const auto neutral = std::get<std::int64_t>(spec.neutral);
      if (spec.unit == "steps" && spec.min <= 4 && spec.max >= 4) values.push_back(std::int64_t{4});  // against the three of few_steps
      else values.push_back(neutral < static_cast<std::int64_t>(spec.max) ? neutral + 1 : (static_cast<std::int64_t>(spec.min) + neutral) / 2);
      break;
    }
    case ControlKind::toggle:
      values.push_back(!std::get<bool>(spec.neutral));
      break;
    case ControlKind::choice:
      for (const auto& choice : spec.choices) {
        if (choice != std::get<std::string>(spec.neutral)) values.push_back(choice);
      }
      break;
    case ControlKind::latent_pad:
      values.push_back(std::vector<double>{0.4, 0.3});
      break;
    case ControlKind::class_blend: {
      std::vector<double> weights(spec.choices.size(), 0.0);
      weights.back() = 1.0;
      values.push_back(weights);
      break;
    }
    case ControlKind::layer_range:
      values.push_back(std::vector<double>{spec.min, spec.min});
      break;
    case ControlKind::text:
      values.push_back(std::string("a small red ball on a table"));
      break;
    case ControlKind::curve:
      values.push_back(std::vector<double>{0.0, 0.1, 0.9, 1.0});
      break;
    case ControlKind::token_grid:
      values.push_back(std::vector<double>(static_cast<std::size_t>(spec.rows) * static_cast<std::size_t>(spec.cols), spec.max));
      break;
    case ControlKind::mask:
    case ControlKind::photo:
      values.push_back(generated(spec));
      break;
  }
  return values;
}

// Kinds that paint in many steps are tried with few: it is enough to see that something acts.
std::map<std::string, Value> few_steps(const std::vector<ControlSpec>& controls) {
  std::map<std::string, Value> values;
  for (const auto& spec : controls) {
    if (spec.kind == ControlKind::integer && spec.unit == "steps" && spec.unavailable.empty() && std::get<std::int64_t>(spec.neutral) > 3) values[spec.id] = std::int64_t{3};
  }
  return values;
}

// Requests in which a control may act: alone, and with the others of its section away from neutral (a strength of zero hides its seed).
std::vector<std::map<std::string, Value>> contexts_for(const ControlSpec& spec, const std::vector<ControlSpec>& controls) {
  const std::map<std::string, Value> base = few_steps(controls);
  std::vector<std::map<std::string, Value>> contexts{base};
  // One neighbour moved alone (a strength), one choice anywhere (a sampler that draws no noise has no use for its seed), and both.
  using Moved = std::pair<std::string, Value>;
  std::vector<Moved> neighbours, choices;
  for (const auto& other : controls) {
    if (other.id == spec.id || base.count(other.id) != 0 || !other.unavailable.empty()) continue;
    for (const auto& value : other_values(other)) {
      if (other.kind == ControlKind::choice) choices.emplace_back(other.id, value);
      else if (other.section == spec.section) neighbours.emplace_back(other.id, value);
    }
  }
  const auto with_moved = [&](const std::vector<Moved>& moved) {
    contexts.push_back(base);
    for (const auto& [id, value] : moved) contexts.back()[id] = value;
  };
  for (const auto& neighbour : neighbours) with_moved({neighbour});
  for (const auto& choice : choices) with_moved({choice});
  for (std::size_t option = 0; option < 6; ++option) {
    std::map<std::string, Value> context = base;
    for (const auto& other : controls) {
      if (other.section != spec.section || other.id == spec.id || base.count(other.id) != 0 || !other.unavailable.empty()) continue;
      const auto values = other_values(other);
      if (!values.empty()) context[other.id] = values[std::min(option, values.size() - 1)];
    }
    contexts.push_back(context);
  }
  for (const auto& neighbour : neighbours)
    for (const auto& choice : choices) with_moved({neighbour, choice});
  return contexts;
}

bool acts(Player& player, const ControlSpec& spec, const std::vector<ControlSpec>& controls) {
  for (const auto& context : contexts_for(spec, controls)) {
    try {
      const at::Tensor before = render(player, {with(context)});
      for (const Value& value : other_values(spec)) {
        auto changed = context;
        changed[spec.id] = value;
        if ((render(player, {with(changed)}) - before).abs().max().item<double>() > 1e-6) return true;
      }
    } catch (const Error&) {
      continue;  // settings that do not go together say nothing of this one
    }
  }
  return false;
}

void collect_paths(const json& node, const std::string& path, std::set<std::string>& paths) {
  if (!node.is_object()) {
    paths.insert(path);
    return;
  }
  for (const auto& [key, value] : node.items()) collect_paths(value, path.empty() ? key : path + "." + key, paths);
}

}  // namespace

class TestConformance : public QObject {
  Q_OBJECT

  void rows(bool with_classes) {
    QTest::addColumn<QString>("id");
    QTest::addColumn<int>("classes");
    for (const auto& system : all_systems()) {
      const std::string id = system->info().id;
      QTest::newRow(id.c_str()) << QString::fromStdString(id) << 0;
      if (with_classes) QTest::newRow((id + ", 3 classes").c_str()) << QString::fromStdString(id) << 3;
    }
  }

 private Q_SLOTS:
  // Small networks spend more on waking threads than on work, most of all while other tests run.
  void initTestCase() { at::set_num_threads(1); }
  void theCatalogueIsNotEmpty() { QVERIFY(!all_systems().empty()); }

  void describesItself_data() { rows(false); }
  void describesItself() {
    QFETCH(QString, id);
    const System& system = find_system(id.toStdString());
    const SystemInfo info = system.info();
    QCOMPARE(info.id, id.toStdString());
    QVERIFY(!info.name.empty() && !info.authors.empty() && !info.paper.empty() && !info.sentence.empty() && !info.equation.empty() &&
            !info.try_first.empty());
    QVERIFY(info.url.rfind("https://", 0) == 0);
    QVERIFY(info.year >= 2013);
    QCOMPARE(info.idea.size(), std::size_t{3});
    QVERIFY(info.symbols.size() >= 2);
    QVERIFY(!info.presets.empty());
    const std::set<std::string> known{"parity", "trains", "live", "exports", "explained"};
    for (const auto& light : info.lights) QVERIFY2(known.count(light) == 1, light.c_str());
    // What the page says of controls and settings exists.
    const auto settings = system.config_help();
    for (const auto& line : info.symbols) {
      for (const auto& [path, field] : settings) {
        if (line.find(path) != std::string::npos) QVERIFY2(!field.help.empty(), path.c_str());
      }
    }
  }

  void configurationRoundTrips_data() { rows(false); }
  void configurationRoundTrips() {
    QFETCH(QString, id);
    const System& system = find_system(id.toStdString());
    std::set<std::string> paths;
    collect_paths(system.defaults(), "", paths);
    const auto help = system.config_help();
    for (const auto& path : paths) QVERIFY2(help.count(path) == 1 && !help.at(path).help.empty(), path.c_str());
    QCOMPARE(help.size(), paths.size());

    std::set<std::string> names;
    for (const auto& preset : system.presets()) {
      QVERIFY2(names.insert(preset.id).second, preset.id.c_str());
      QVERIFY(!preset.label.empty() && !preset.help.empty());
      const json config = config::resolve_preset(system.defaults(), system.presets(), preset.id);
      DataShape data;
      if (const int wanted = system.wanted_size_px(config); wanted > 0) data.resolution_px = wanted;
      const json resolved = system.resolve(config, data);
      QCOMPARE(system.resolve(resolved, data).dump(), resolved.dump());
      std::set<std::string> of_resolved;
      collect_paths(resolved, "", of_resolved);
      QVERIFY(of_resolved == paths);
      QVERIFY(!system.make_plan(resolved).stages.empty());
    }

    json wrong = Tiny(id.toStdString(), 0).config;
    wrong["no_such_section"] = 1;
    try {
      system.resolve(wrong, {});
      QFAIL("an unknown key was accepted");
    } catch (const Error& error) {
      QCOMPARE(exit_code(error.error().code), 2);
      QVERIFY(error.error().what_happened.find("no_such_section") != std::string::npos);
    }
  }

  void paintsPictures_data() { rows(true); }
  void paintsPictures() {
    QFETCH(QString, id);
    QFETCH(int, classes);
    const Tiny tiny(id.toStdString(), classes);
    const auto player = tiny.system.make_player(tiny.model());
    const PictureShape shape = player->picture_shape();
    std::vector<Request> requests;
    for (std::int64_t seed = 0; seed < 3; ++seed) {
      auto values = few_steps(player->controls());
      values["seed"] = seed;
      requests.push_back(with(values));
    }
    const at::Tensor pictures = render(*player, requests);
    QCOMPARE(pictures.sizes().vec(), (std::vector<std::int64_t>{3, shape.channels, shape.height_px, shape.width_px}));
    QVERIFY(pictures.is_floating_point() && pictures.isfinite().all().item<bool>());
    QVERIFY((pictures[0] - pictures[1]).abs().max().item<double>() > 1e-3);
    QVERIFY(pictures.equal(render(*player, requests)));                       // the same seed, the same picture
    QVERIFY(pictures.narrow(0, 2, 1).equal(render(*player, {requests[2]})));  // alone or in a batch
  }

  void everyControlActs_data() { rows(true); }
  void everyControlActs() {
    QFETCH(QString, id);
    QFETCH(int, classes);
    const Tiny tiny(id.toStdString(), classes);
    const auto model = tiny.model();
    if (auto* tokens = dynamic_cast<TokenNetwork*>(model->network.get())) tests::spread_codes(*tokens);
    const auto player = tiny.system.make_player(model);
    const auto controls = player->controls();
    QVERIFY(!controls.empty());
    std::set<std::string> ids;
    std::map<std::string, Value> neutral;
    for (const auto& spec : controls) {
      QVERIFY2(ids.insert(spec.id).second, spec.id.c_str());
      QVERIFY2(!spec.label.empty() && !spec.help.empty() && !spec.section.empty(), spec.id.c_str());
      if (spec.unavailable.empty()) neutral[spec.id] = spec.neutral;
    }
    const auto few = few_steps(controls);
    for (const auto& [id, value] : few) neutral[id] = value;
    QVERIFY(render(*player, {with(few)}).equal(render(*player, {with(neutral)})));  // neutral is the identity
    for (const auto& spec : controls) {
      if (!spec.unavailable.empty()) continue;
      QVERIFY2(acts(*player, spec, controls), (spec.id + " changes nothing").c_str());
    }
  }

  void savesAndLoads_data() { rows(true); }
  void savesAndLoads() {
    QFETCH(QString, id);
    QFETCH(int, classes);
    const Tiny tiny(id.toStdString(), classes);
    const auto model = tiny.model();
    model->kimg = 12.5;
    QTemporaryDir dir;
    const std::string path = dir.filePath("model.safetensors").toStdString();
    save_model(*model, path);
    const auto loaded = load_model(path);
    QCOMPARE(loaded->system, id.toStdString());
    QCOMPARE(loaded->config.dump(), model->config.dump());
    QCOMPARE(loaded->class_names, model->class_names);
    QCOMPARE(loaded->kimg, 12.5);
    const auto before = tiny.system.make_player(model), after = tiny.system.make_player(loaded);
    QVERIFY(render(*before, {with({})}).equal(render(*after, {with({})})));
  }

  // Every stage: one step moves every phase's networks, all numbers stay finite, the average follows, and a restored run goes on the same.
  void oneStepLearns_data() { rows(true); }
  void oneStepLearns() {
    QFETCH(QString, id);
    QFETCH(int, classes);
    const Tiny tiny(id.toStdString(), classes);
    const Plan plan = tiny.system.make_plan(tiny.config);
    Trainer trainer(plan, 3);
    for (std::size_t stage = 0; stage < plan.stages.size(); ++stage) {
      QVERIFY(!trainer.stage().name.empty() && trainer.stage().batch > 0);
      std::map<std::string, at::Tensor> before;
      for (const auto& [name, module] : trainer.state().modules) {
        for (const auto& item : module->named_parameters()) before[name + "/" + item.key()] = item.value().detach().clone();
      }
      const Batch batch = tiny.batch(4);
      trainer.step(batch);
      QCOMPARE(trainer.first_non_finite(), std::string());
      std::set<std::string> moved;
      for (const auto& [name, module] : trainer.state().modules) {
        for (const auto& item : module->named_parameters()) {
          if (!item.value().equal(before.at(name + "/" + item.key()))) moved.insert(name);
        }
      }
      QVERIFY(!moved.empty());

      Trainer again(plan, 3);
      again.restore(trainer.checkpoint());
      trainer.step(batch);
      again.step(batch);
      const auto a = io::named_weights(*trainer.published()), b = io::named_weights(*again.published());
      for (const auto& [name, tensor] : a) QVERIFY2(tensor.equal(b.at(name)), name.c_str());
      if (!trainer.last_stage()) trainer.begin_next_stage();
    }
    // What is published is the network that plays.
    const auto published = io::named_weights(*trainer.published()), plays = io::named_weights(*tiny.system.build_network(tiny.config));
    QCOMPARE(published.size(), plays.size());
    for (const auto& [name, tensor] : plays)
      QVERIFY2(published.count(name) == 1 && published.at(name).sizes() == tensor.sizes(), name.c_str());
  }
};

QTEST_GUILESS_MAIN(TestConformance)
#include "test_conformance.moc"
