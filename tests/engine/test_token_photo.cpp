// Photos on models of tokens: what is kept never changes, what the tokenizer alone makes, two photos swapped and blended, the scale of errors.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <QTest>

#include "engine/api/error_scale.h"
#include "engine/api/result.h"
#include "engine/device/rng.h"
#include "engine/explore/error_map.h"
#include "engine/explore/picture_value.h"
#include "engine/systems/system.h"
#include "engine/tokens/quantizer.h"
#include "engine/tokens/token_network.h"
#include "spread_codes.h"

using namespace orrery;

namespace {

constexpr std::int64_t kSide = 16;

at::Tensor some_picture(std::uint64_t seed, std::int64_t side = kSide) {  // [3, H, W] uint8
  return (Rng(seed).uniform({3, 4, 4}, at::kFloat).repeat_interleave(side / 4, 1).repeat_interleave(side / 4, 2) * 255.0).to(at::kByte);
}
std::string value_of(const at::Tensor& picture) {
  const at::Tensor pixels = picture.permute({1, 2, 0}).contiguous();
  return picture_value({pixels.const_data_ptr<std::uint8_t>(), static_cast<int>(pixels.size(1)), static_cast<int>(pixels.size(0)), static_cast<int>(pixels.size(2)), 0});
}
// White where `cells` (bool [rows, cols]) says, whole cells.
std::string mask_of(const at::Tensor& cells) {
  const std::int64_t factor = kSide / cells.size(0);
  return value_of((cells.to(at::kByte) * 255).repeat_interleave(factor, 0).repeat_interleave(factor, 1).unsqueeze(0));
}
at::Tensor range_of(const at::Tensor& bytes) { return photo_of_value(value_of(bytes), {3, kSide, kSide}).to(at::kFloat); }

// Remembers the tokens after each step.
class Steps : public RenderObserver {
 public:
  void on_step(const RenderStep& step) override {
    states.push_back(step.state.to(at::kLong));
    evaluations = step.evaluations;
    steps = step.steps;
    if (step.step == step.steps) last = step.preview ? step.preview() : step.prediction;
  }
  std::vector<at::Tensor> states;
  std::int64_t evaluations = 0, steps = 0;
  at::Tensor last;
};

// A model with random weights.
struct Place {
  explicit Place(const std::string& id, bool ready = true) {
    const System& system = find_system(id);
    DataShape data;
    data.resolution_px = kSide;
    data.classes = 3;
    data.pictures = 10;
    auto model = std::make_shared<Model>();
    model->system = id;
    model->config = system.resolve(config::resolve_preset(system.defaults(), system.presets(), "tiny"), data);
    model->class_names = {"cat", "dog", "owl"};
    model->network = system.build_network(model->config);
    model->network->eval();
    net = dynamic_cast<TokenNetwork*>(model->network.get());
    tests::spread_codes(*net);
    net->set_prior_ready(ready);
    player = system.make_player(model);
  }
  at::Tensor render(std::map<std::string, Value> values, RenderObserver* observer = nullptr) {
    RenderObserver nobody;
    return player->render({{"m", std::move(values)}}, observer ? *observer : nobody);
  }
  at::Tensor codes(const at::Tensor& picture) const { return net->tokens_of(range_of(picture)); }
  at::Tensor grid(bool value) const { return at::full({net->rows(), net->cols()}, value, at::kBool); }
  at::Tensor right_half() const {
    at::Tensor cells = grid(false);
    cells.narrow(1, net->cols() / 2, net->cols() - net->cols() / 2).fill_(true);
    return cells;
  }

  c10::InferenceMode inference;  // as players compute
  TokenNetwork* net = nullptr;
  std::unique_ptr<Player> player;
};

QString refusal(const std::function<void()>& call, ErrorCode code) {
  try {
    call();
  } catch (const Error& error) {
    if (error.error().code != code || error.error().what_is_safe.empty() || error.error().what_to_do.empty()) return "another error: " + QString(error.what());
    return error.what();
  }
  return "accepted";
}

}  // namespace

class TestTokenPhoto : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void a_photo_is_what_its_tokens_make_of_it_data() { both(); }
  void a_photo_is_what_its_tokens_make_of_it() {
    QFETCH(QString, system);
    Place place(system.toStdString());
    const at::Tensor picture = some_picture(1), codes = place.codes(picture);
    QVERIFY(codes.ne(codes[0][0]).any().item<bool>());  // of several codes, or nothing here could fail
    const at::Tensor built = place.net->pictures_of(codes);
    Steps steps;
    QVERIFY(at::equal(place.render({{"photo", value_of(picture)}}, &steps), built));
    QCOMPARE(steps.evaluations, std::int64_t{0});  // nothing is left to ask for
    for (const auto& state : steps.states) QVERIFY(at::equal(state, codes));
    QVERIFY(at::equal(steps.last, built));
    QVERIFY(at::equal(place.render({{"photo", value_of(picture)}, {"seed", std::int64_t{9}}}), built));
    // Of another size: cropped and resampled.
    QCOMPARE(place.render({{"photo", value_of(some_picture(1, 40))}}).sizes().vec(), (std::vector<std::int64_t>{1, 3, kSide, kSide}));
    QVERIFY(refusal([&] { place.render({{"photo", std::string("data:image/png;base64,AAAA")}}); }, ErrorCode::bad_input).contains("The photo cannot be read"));
  }

  void the_mask_is_made_anew_and_the_rest_stays_data() { both(); }
  void the_mask_is_made_anew_and_the_rest_stays() {
    QFETCH(QString, system);
    Place place(system.toStdString());
    const at::Tensor picture = some_picture(1), codes = place.codes(picture), open = place.right_half(), flat = open.view({1, -1});
    std::map<std::string, Value> values{{"photo", value_of(picture)}, {"photo.mask", mask_of(open)}, {"seed", std::int64_t{3}}};
    Steps steps;
    const at::Tensor shown = place.render(values, &steps);
    QVERIFY(at::equal(steps.states.front(), at::where(flat, kMasked, codes)));
    for (const auto& state : steps.states) QVERIFY(at::equal(state.masked_select(flat.logical_not()), codes.masked_select(flat.logical_not())));
    QVERIFY(steps.states.back().ge(0).all().item<bool>() && steps.evaluations > 0);
    QVERIFY(at::equal(shown, place.net->pictures_of(steps.states.back())));
    QVERIFY(at::equal(shown, place.render(values)));
    values["seed"] = std::int64_t{4};
    Steps other;
    QVERIFY(!at::equal(place.render(values, &other), shown) && !at::equal(other.states.back(), steps.states.back()));
    // A batch is each alone.
    RenderObserver nobody;
    const at::Tensor two = place.player->render({{"m", {{"seed", std::int64_t{3}}}}, {"m", values}}, nobody);
    QVERIFY(at::equal(two.narrow(0, 1, 1), place.render(values)));
    // One white pixel opens its whole cell.
    at::Tensor pixel = at::zeros({1, kSide, kSide}, at::kByte);
    pixel[0][kSide - 1][kSide - 1] = 255;
    Steps one;
    place.render({{"photo", value_of(picture)}, {"photo.mask", value_of(pixel)}}, &one);
    QCOMPARE(one.states.front().lt(0).sum().item<std::int64_t>(), std::int64_t{1});
    QCOMPARE(one.states.front()[0][-1].item<std::int64_t>(), kMasked);
    // An empty mask opens nothing; all of it leaves nothing of the photo.
    QVERIFY(at::equal(place.render({{"photo", value_of(picture)}, {"photo.mask", mask_of(place.grid(false))}}), place.net->pictures_of(codes)));
    QVERIFY(at::equal(place.render({{"photo", value_of(picture)}, {"photo.mask", mask_of(place.grid(true))}, {"seed", std::int64_t{3}}}), place.render({{"seed", std::int64_t{3}}})));
  }

  void whatever_is_kept_never_changes_data() { both(); }
  void whatever_is_kept_never_changes() {
    QFETCH(QString, system);
    Place place(system.toStdString());
    const std::int64_t rows = place.net->rows(), cols = place.net->cols(), cells = rows * cols;
    const at::Tensor picture = some_picture(2), codes = place.codes(picture);
    const std::string value = value_of(picture);
    for (std::uint64_t turn = 0; turn < 60; ++turn) {
      Rng rng(turn);
      const at::Tensor open = rng.fork("open").uniform({rows, cols}, at::kFloat).lt(0.5), held = rng.fork("held").uniform({1, cells}, at::kFloat).lt(0.2);
      const at::Tensor pins = at::where(held, (rng.fork("pins").uniform({1, cells}, at::kFloat) * static_cast<double>(place.net->codes())).to(at::kLong), kMasked);
      std::vector<double> pinned;
      for (std::int64_t i = 0; i < cells; ++i) pinned.push_back(static_cast<double>(pins[0][i].item<std::int64_t>()));
      const at::Tensor start = at::where(held, pins, at::where(open.view({1, -1}), kMasked, codes)), known = start.ge(0);
      Steps steps;
      place.render({{"photo", value}, {"photo.mask", mask_of(open)}, {"tokens.pinned", pinned}, {"seed", static_cast<std::int64_t>(turn)}}, &steps);
      QVERIFY(at::equal(steps.states.front(), start));
      for (const auto& state : steps.states) QVERIFY(at::equal(state.masked_select(known), start.masked_select(known)));
    }
  }

  // A causal model does not see what comes after: the photo's tokens there stay, and change nothing before them.
  void tokens_behind_stay_unseen() {
    Place place("vqvae");
    at::Tensor open = place.grid(false);
    open[0].fill_(true);
    std::vector<at::Tensor> first_rows;
    for (const std::uint64_t seed : {1, 2}) {
      Steps steps;
      place.render({{"photo", value_of(some_picture(seed))}, {"photo.mask", mask_of(open)}}, &steps);
      first_rows.push_back(steps.states.back().narrow(1, 0, place.net->cols()));
      const at::Tensor behind = place.codes(some_picture(seed)).narrow(1, place.net->cols(), place.net->cols() * (place.net->rows() - 1));
      QVERIFY(at::equal(steps.states.back().narrow(1, place.net->cols(), behind.size(1)), behind));
    }
    QVERIFY(at::equal(first_rows[0], first_rows[1]));
  }

  void two_photos_are_swapped_data() { both(); }
  void two_photos_are_swapped() {
    QFETCH(QString, system);
    Place place(system.toStdString());
    const at::Tensor a = some_picture(1), b = some_picture(2), codes_a = place.codes(a), codes_b = place.codes(b), open = place.right_half();
    QVERIFY(codes_a.ne(codes_b).any().item<bool>());
    std::map<std::string, Value> values{{"photo", value_of(a)}, {"photo.second", value_of(b)}, {"photo.second.swap", true}};
    const at::Tensor first = place.net->pictures_of(codes_a);
    QVERIFY(at::equal(place.render(values), first));
    values["photo.mask"] = mask_of(place.grid(false));
    QVERIFY(at::equal(place.render(values), first));
    values["photo.mask"] = mask_of(open);
    Steps steps;
    const at::Tensor swapped = at::where(open.view({1, -1}), codes_b, codes_a);
    QVERIFY(at::equal(place.render(values, &steps), place.net->pictures_of(swapped)));
    for (const auto& state : steps.states) QVERIFY(at::equal(state, swapped));
    QCOMPARE(steps.evaluations, std::int64_t{0});
    values["photo.second.blend"] = 1.0;
    QVERIFY(at::equal(place.render(values), place.net->pictures_of(codes_b)));
    // Half of the way, the swapped ones stay the second's.
    values["photo.second.blend"] = 0.5;
    const at::Tensor half = place.render(values), book = place.net->tokenizer->codebook();
    const auto vectors = [&](const at::Tensor& codes) { return tokens::look_up(codes.view({1, place.net->rows(), place.net->cols()}), book); };
    const at::Tensor expected = at::where(open.view({1, place.net->rows(), place.net->cols(), 1}), vectors(codes_b), at::lerp(vectors(codes_a), vectors(codes_b), 0.5));
    QVERIFY(at::equal(half, place.net->tokenizer->decode({tokens::to_maps(expected)})));
  }

  void two_photos_are_blended_data() { both(); }
  void two_photos_are_blended() {
    QFETCH(QString, system);
    Place place(system.toStdString());
    const at::Tensor a = some_picture(1), b = some_picture(2), codes_a = place.codes(a), codes_b = place.codes(b), book = place.net->tokenizer->codebook();
    std::map<std::string, Value> values{{"photo", value_of(a)}, {"photo.second", value_of(b)}};
    for (const bool nearest : {false, true}) {
      values["photo.second.requantise"] = nearest;
      values["photo.second.blend"] = 0.0;
      QVERIFY(at::equal(place.render(values), place.net->pictures_of(codes_a)));
      values["photo.second.blend"] = 1.0;
      QVERIFY(at::equal(place.render(values), place.net->pictures_of(codes_b)));
      values["photo.second.blend"] = 0.25;
      const auto vectors = [&](const at::Tensor& codes) { return tokens::look_up(codes.view({1, place.net->rows(), place.net->cols()}), book); };
      const at::Tensor between = at::lerp(vectors(codes_a), vectors(codes_b), 0.25), codes = tokens::nearest_codes(between, book).flatten(1);
      Steps steps;
      const at::Tensor shown = place.render(values, &steps);
      const at::Tensor expected = nearest ? place.net->pictures_of(codes) : place.net->tokenizer->decode({tokens::to_maps(between)});
      QVERIFY((between - (vectors(codes_a) * 0.75 + vectors(codes_b) * 0.25)).abs().max().item<double>() < 1e-4 * between.abs().max().item<double>());
      QVERIFY(at::equal(shown, expected));
      QVERIFY(at::equal(steps.states.back(), codes));  // what a prior would see
      // What is made anew or pinned has its own codes, whatever the blend.
      values["photo.mask"] = mask_of(place.right_half());
      Steps open;
      place.render(values, &open);
      QVERIFY(at::equal(open.states.front(), at::where(place.right_half().view({1, -1}), kMasked, codes)));
      values.erase("photo.mask");
      std::vector<double> pinned(static_cast<std::size_t>(codes.numel()), 1.0);
      values["tokens.pinned"] = pinned;
      QVERIFY(at::equal(place.render(values), place.net->pictures_of(at::ones_like(codes))));
      values.erase("tokens.pinned");
    }
  }

  void reconstruction_and_error_are_the_tokenizers_alone_data() { both(); }
  void reconstruction_and_error_are_the_tokenizers_alone() {
    QFETCH(QString, system);
    Place place(system.toStdString());
    const at::Tensor a = some_picture(1), b = some_picture(2), built = place.net->pictures_of(place.codes(a));
    std::map<std::string, Value> values{{"photo", value_of(a)}, {"photo.show", std::string("reconstruction")}, {"photo.mask", mask_of(place.right_half())}, {"seed", std::int64_t{8}}};
    Steps steps;
    QVERIFY(at::equal(place.render(values, &steps), built));
    QCOMPARE(steps.states.size(), std::size_t{1});  // there is nothing to make
    QVERIFY(at::equal(steps.states.back(), place.codes(a)) && at::equal(steps.last, built));
    values["photo.show"] = std::string(kErrorMap);
    const at::Tensor error = place.render(values);
    QVERIFY(at::equal(error, error_map(range_of(a), built)));
    // Of two photos in one, against the same of their pixels.
    values["photo.second"] = value_of(b);
    values["photo.second.blend"] = 1.0;
    QVERIFY(at::equal(place.render(values), error_map(range_of(b), place.net->pictures_of(place.codes(b)))));
    values["photo.second.blend"] = 0.0;
    values["photo.second.swap"] = true;
    const at::Tensor open = place.right_half();
    const std::int64_t factor = kSide / place.net->rows();
    const at::Tensor white = open.repeat_interleave(factor, 0).repeat_interleave(factor, 1);
    QVERIFY(at::equal(place.render(values), error_map(at::where(white, range_of(b), range_of(a)), place.net->pictures_of(at::where(open.view({1, -1}), place.codes(b), place.codes(a))))));
  }

  void the_scale_of_errors() {
    const at::Tensor black = at::full({1, 3, 1, 1}, -1.0F);
    const auto heat = [&](double error) { return error_map(black + 2.0 * error, black).flatten(); };
    QVERIFY(heat(0.0).eq(-1.0).all().item<bool>());
    QVERIFY(heat(kErrorWhite).eq(1.0).all().item<bool>() && heat(1.0).eq(1.0).all().item<bool>());
    const at::Tensor weights = at::tensor({0.299F, 0.587F, 0.114F});
    double before = -2.0;
    for (int i = 0; i <= 50; ++i) {  // more is lighter
      const double now = (heat(kErrorWhite * i / 50.0) * weights).sum().item<double>();
      QVERIFY(now > before);
      before = now;
    }
    // The mean of the colours, either way round.
    at::Tensor red = black.clone();
    red.narrow(1, 0, 1).fill_(static_cast<float>(6.0 * kErrorWhite / 2.0 - 1.0));
    QVERIFY((error_map(red, black).flatten() - heat(kErrorWhite / 2.0)).abs().max().item<double>() < 1e-5);
    QVERIFY(at::equal(error_map(red, black), error_map(black, red)));
    QCOMPARE(error_map(black.narrow(1, 0, 1), black.narrow(1, 0, 1)).size(1), std::int64_t{1});
    QCOMPARE(error_map(at::zeros({2, 4, 5, 6}), at::zeros({2, 4, 5, 6})).sizes().vec(), (std::vector<std::int64_t>{2, 4, 5, 6}));
  }

  void without_a_photo_they_say_nothing_data() { both(); }
  void without_a_photo_they_say_nothing() {
    QFETCH(QString, system);
    Place place(system.toStdString());
    const at::Tensor plain = place.render({{"seed", std::int64_t{5}}});
    QVERIFY(at::equal(plain, place.render({{"seed", std::int64_t{5}}, {"photo.show", std::string(kErrorMap)}, {"photo.mask", mask_of(place.right_half())}, {"photo.second", value_of(some_picture(2))},
                                           {"photo.second.swap", true}, {"photo.second.blend", 0.7}, {"photo.second.requantise", true}})));
  }

  // A tokenizer in training: photos are encoded already, nothing is made anew yet.
  void before_the_prior_is_trained_data() { both(); }
  void before_the_prior_is_trained() {
    QFETCH(QString, system);
    Place place(system.toStdString(), /*ready=*/false);
    const auto picture = some_picture(1);
    const at::Tensor codes = place.codes(picture), open = place.right_half();
    place.net->set_examples(place.codes(some_picture(7)));
    QVERIFY(at::equal(place.render({}), place.net->pictures_of(place.codes(some_picture(7)))));
    QVERIFY(at::equal(place.render({{"photo", value_of(picture)}}), place.net->pictures_of(codes)));
    QVERIFY(at::equal(place.render({{"photo", value_of(picture)}, {"photo.mask", mask_of(open)}}), place.net->preview_of(at::where(open.view({1, -1}), kMasked, codes))));
    for (const auto& spec : place.player->controls()) QCOMPARE(spec.unavailable.empty(), spec.id == "seed" || spec.id.starts_with("photo"));
  }

  // A branch opens other cells, and closes those that were open.
  void a_branch_has_another_mask() {
    Place place("maskgit");
    const auto picture = some_picture(1);
    const at::Tensor codes = place.codes(picture), right = place.right_half(), left = right.logical_not();
    Request request{"m", {{"photo", value_of(picture)}, {"photo.mask", mask_of(right)}, {"steps", std::int64_t{4}}}};
    request.branches.push_back({2, {{"photo.mask", mask_of(left)}}});
    Steps steps;
    place.player->render({request}, steps);
    const at::Tensor flat = right.view({1, -1});
    QVERIFY(at::equal(steps.states[2].masked_select(flat.logical_not()), codes.masked_select(flat.logical_not())));
    QVERIFY(at::equal(steps.states.back().masked_select(flat), codes.masked_select(flat)));
    QVERIFY(steps.states.back().ge(0).all().item<bool>());
  }

 private:
  static void both() {
    QTest::addColumn<QString>("system");
    QTest::newRow("masked") << "maskgit";
    QTest::newRow("causal") << "vqvae";
  }
};

QTEST_GUILESS_MAIN(TestTokenPhoto)
#include "test_token_photo.moc"
