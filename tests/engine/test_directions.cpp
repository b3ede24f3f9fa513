// Directions in w: principal components and closed form, their scale, sign and order, and the cache.
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_svd.h>

#include <QtTest>

#include <filesystem>
#include <fstream>

#include "engine/explore/check_request.h"
#include "engine/explore/directions.h"
#include "tiny_generator.h"

using namespace orrery;
using namespace orrery::tests;

namespace {

at::Tensor render(const std::shared_ptr<const Model>& model, std::map<std::string, Value> values) {
  RenderObserver nobody;
  return make_generator_player(model)->render({{"", std::move(values)}}, nobody);
}

// A generator whose w is known: w = diag(scales) z, and style matrices that amplify known axes.
class KnownGenerator : public Generator {
 public:
  GeneratorShape shape() const override { return {4, 0, 4, 2, 4, 3}; }
  at::Tensor map(const at::Tensor& z, const at::Tensor&) override {
    return (z * at::tensor({1.0f, 5.0f, 2.0f, 0.5f})).unsqueeze(1).repeat({1, 2, 1});
  }
  at::Tensor synthesise(const at::Tensor& ws, const SynthesisNoise&) override { return at::zeros({ws.size(0), 3, 4, 4}); }
  std::vector<at::Tensor> style_matrices() const override {
    return {at::tensor({3.0f, 0.0f, 0.0f, 0.0f}).view({1, 4}), at::tensor({0.0f, 0.0f, 0.0f, -2.0f}).view({1, 4}), at::tensor({0.0f, 0.0f, 1.0f, 0.0f}).view({1, 4})};
  }
};

}  // namespace

class TestDirections : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() {
    cache_ = std::make_unique<QTemporaryDir>();
    qputenv("ORRERY_CACHE_DIR", cache_->path().toUtf8());
  }

  void a_known_network() {
    KnownGenerator network;
    const auto found = compute_directions(network);
    QVERIFY(found.has_value());
    QCOMPARE(found->pca.size(0), std::int64_t{4});
    // Axis and standard deviation of each component, strongest first, largest component positive.
    const std::int64_t axes[] = {1, 2, 0, 3};
    const double spread[] = {5.0, 2.0, 1.0, 0.5};
    for (std::int64_t k = 0; k < 4; ++k) {
      const at::Tensor row = found->pca[k];
      QVERIFY(std::abs(row[axes[k]].item<double>() / spread[k] - 1.0) < 0.05);
      QVERIFY(std::abs(row.norm().item<double>() / spread[k] - 1.0) < 0.05);
    }
    // Closed form: axes 0, 3, 2 by amplification 3, 2, 1; scaled by the spread of w along them.
    const std::int64_t closed_axes[] = {0, 3, 2};
    const double closed_spread[] = {1.0, 0.5, 2.0};
    for (std::int64_t k = 0; k < 3; ++k) QVERIFY(std::abs(found->closed[k][closed_axes[k]].item<double>() / closed_spread[k] - 1.0) < 0.05);
  }

  void closed_form_is_the_svd_of_the_styles() {
    const auto model = tiny_model();
    const auto found = compute_directions(network_of(*model));
    const at::Tensor stacked = at::cat(network_of(*model).style_matrices()).to(at::kDouble);
    const at::Tensor vh = std::get<2>(at::linalg_svd(stacked, false));
    for (std::int64_t k = 0; k < found->closed.size(0); ++k) {
      const at::Tensor unit = found->closed[k].to(at::kDouble) / found->closed[k].norm().item<double>();
      QVERIFY(std::abs(std::abs(unit.dot(vh[k]).item<double>()) - 1.0) < 1e-5);
    }
    const at::Tensor units = found->pca / found->pca.norm(2, 1, true);
    QVERIFY(at::allclose(units.matmul(units.t()), at::eye(units.size(0)), 1e-4, 1e-4));
  }

  void the_same_every_time_and_cancellable() {
    const auto model = tiny_model({.classes = 3});
    const auto a = compute_directions(network_of(*model)), b = compute_directions(network_of(*model));
    QVERIFY(at::equal(a->pca, b->pca) && at::equal(a->closed, b->closed));
    DirectionsOptions other;
    other.seed = 1;
    QVERIFY(!at::equal(a->pca, compute_directions(network_of(*model), other)->pca));
    int asked = 0;
    QVERIFY(!compute_directions(network_of(*model), {}, [&](double) { return ++asked < 3; }).has_value());
    QCOMPARE(asked, 3);
  }

  void kept_beside_the_model_by_hash() {
    const auto model = tiny_model();
    QVERIFY(!load_directions(model->hash));
    const auto first = directions_of(*model);
    const int maps = network_of(*model).maps;
    const auto second = directions_of(*model);
    QCOMPARE(network_of(*model).maps.load(), maps);
    QVERIFY(at::equal(first->pca, second->pca) && at::equal(first->closed, second->closed));
    QVERIFY(!load_directions(tiny_model({.weights_seed = 2})->hash));
    QVERIFY(!load_directions("../../etc/passwd"));
    // A damaged cache file is computed anew.
    for (const auto& item : std::filesystem::directory_iterator(cache_->path().toStdString() + "/directions")) std::ofstream(item.path()) << "damaged";
    QVERIFY(!load_directions(model->hash));
    QVERIFY(at::equal(directions_of(*model)->pca, first->pca));
    QVERIFY(load_directions(model->hash) != nullptr);
  }

  void steps_act_on_their_layers() {
    const auto model = tiny_model();
    const auto found = directions_of(*model);
    auto& network = network_of(*model);
    at::Tensor ws = network.map(normal_per_sample({3}, 0, {8}, at::TensorOptions().dtype(at::kFloat)), {}).clone();
    ws.narrow(1, 1, 2).add_(found->pca[1] * 2.0 + found->closed[0] * -1.5);
    const auto picture = render(model, {{"seed", std::int64_t{3}}, {"direction.pca.2", 2.0}, {"direction.closed.1", -1.5}, {"direction.layers", std::vector<double>{1, 2}}});
    QVERIFY(at::allclose(picture, network.synthesise(ws, {}), 1e-6, 1e-6));
  }

  // A recipe that uses directions means the same on a machine that never computed them.
  void a_request_computes_what_it_needs() {
    const auto model = tiny_model();
    auto player = make_generator_player(model);
    QVERIFY(!find_control(player->controls(), "direction.pca.1"));
    QVERIFY(!find_control(player->controls(), "direction.layers")->unavailable.empty());
    RenderObserver nobody;
    const at::Tensor lazily = player->render({{"", {{"direction.pca.1", 3.0}}}}, nobody);
    QVERIFY(find_control(player->controls(), "direction.pca.1"));
    QVERIFY(at::equal(lazily, render(model, {{"direction.pca.1", 3.0}})));
    QVERIFY(!at::equal(lazily, render(model, {})));
  }

 private:
  std::unique_ptr<QTemporaryDir> cache_;
};

QTEST_GUILESS_MAIN(TestDirections)
#include "test_directions.moc"
