#include <QCheckBox>
#include <QLineEdit>
#include <QSignalSpy>

#include "panel_bench.h"
#include "ui/catalogue/catalogue_panel.h"
#include "ui/catalogue/explained_page.h"
#include "ui/catalogue/fitting.h"
#include "ui/catalogue/system_card.h"
#include "ui/data/current_data.h"
#include "ui/project/attached.h"

using namespace orrery;
using namespace orrery::ui;

class TestCataloguePanel : public QObject {
  Q_OBJECT

  struct Place : Bench {
    Place() {
      session->start();
      panel = new CataloguePanel(*session);
      show(panel, {536, 760});
    }
    ~Place() { delete panel; }
    int shown() {
      int count = 0;
      for (auto* card : panel->cards()) count += card->isVisible() ? 1 : 0;
      return count;
    }
    CataloguePanel* panel;
  };

 private Q_SLOTS:
  void initTestCase() { useLook(); }

  void cardsInOrderAndSearched() {
    Place place;
    QCOMPARE(place.panel->cards().size(), 2u);
    QCOMPARE(place.panel->cards()[0]->system().id, std::string("stylegan2"));
    QCOMPARE(place.shown(), 2);
    auto* search = place.panel->findChild<QLineEdit*>();
    QTest::keyClicks(search, "diffusion");
    QCOMPARE(place.shown(), 1);
    QTest::keyClicks(search, " zzz");
    QCOMPARE(place.shown(), 0);
  }

  void aCardExplains() {
    Place place;
    QTest::mouseClick(place.panel->cards()[0], Qt::LeftButton);
    auto* page = place.panel->findChild<ExplainedPage*>();
    QVERIFY(page);
    QSignalSpy sheet(place.session.get(), &Session::sheetRequested);
    QPushButton* train = findBy<QPushButton>(*page, "Train it");
    QVERIFY(train && train->isEnabled());
    QTest::mouseClick(train, Qt::LeftButton);
    QCOMPARE(sheet.last()[1].toStringList(), QStringList{"system=stylegan2"});
    // Symbols lead to controls of the model at hand, or to a setting of a new run.
    QSignalSpy wanted(place.session.get(), &Session::controlWanted);
    QTest::mouseClick(findBy<QPushButton>(*page, "truncation.psi"), Qt::LeftButton);
    QCOMPARE(wanted.count(), 1);
    QTest::mouseClick(findBy<QPushButton>(*page, "loss.r1_gamma"), Qt::LeftButton);
    QVERIFY(sheet.last()[1].toStringList().contains("key=loss.r1_gamma"));
    QTest::mouseClick(findBy<QPushButton>(*page, "All systems"), Qt::LeftButton);
    QTRY_VERIFY(!place.panel->findChild<ExplainedPage*>());
    QCOMPARE(place.shown(), 2);
  }

  void theDataDecides() {
    SystemInfo conditional;
    conditional.needs = {"classes"};
    DatasetInfo data;
    data.taken = 100;
    QVERIFY(!whyUnfit(conditional, data).isEmpty());
    data.class_names = {"a", "b"};
    QVERIFY(whyUnfit(conditional, data).isEmpty());
    conditional.needs = {"captions"};
    QVERIFY(!whyUnfit(conditional, data).isEmpty());
    data.taken = 0;
    QVERIFY(!whyUnfit(SystemInfo{}, data).isEmpty());

    std::vector<SystemInfo> systems(4);
    for (auto& system : systems) system.lights = {"trains"};
    systems[0].id = "a", systems[1].id = "b", systems[2].id = "c", systems[3].id = "d";
    systems[3].kind = Kind::denoiser;
    systems[1].lights.clear();
    data.taken = 100;
    const auto list = offered(systems, data);
    QCOMPARE(list.size(), 3u);
    QCOMPARE(list[0]->id + list[1]->id + list[2]->id, std::string("adc"));  // one of each kind first
  }

  void symbols() {
    QCOMPARE(symbolFrom("ψ: truncation (truncation.psi)").ids, std::vector<std::string>{"truncation.psi"});
    QCOMPARE(symbolFrom("ψ: truncation (truncation.psi)").meaning, QString("truncation"));
    QCOMPARE(symbolFrom("γ: loss.r1_gamma").ids, std::vector<std::string>{"loss.r1_gamma"});
    QCOMPARE(symbolFrom("γ: loss.r1_gamma").sign, QString("γ"));
    QVERIFY(symbolFrom("a: the running mean (of lengths)").ids.empty());
    // Several ids, single words among them, words between them.
    const Symbol latent = symbolFrom("z, w: the latent (seed, latent.pad) and its style (seed, latent.pad)");
    QCOMPARE(latent.ids, (std::vector<std::string>{"seed", "latent.pad"}));
    const Symbol mix = symbolFrom("wₗ: the style of a layer (mix.seed, mix.layers; in training objective.style_mixing)");
    QCOMPARE(mix.ids, (std::vector<std::string>{"mix.seed", "mix.layers", "objective.style_mixing"}));
    QCOMPARE(mix.meaning, QString("the style of a layer"));
    QCOMPARE(symbolFrom("γ, k: objective.r1_gamma, objective.r1_interval").ids.size(), 2u);
    QCOMPARE(symbolFrom("T: augment.operations.*").ids, std::vector<std::string>{"augment.operations.*"});
  }

  void shots() {
    Place place;
    attached<CurrentData>(*place.session).setStore("builtin:emoji");
    QTest::qWait(200);
    place.panel->cards()[1]->setMeasured("41 pictures/s here");
    keepShots(*place.panel, "catalogue");
    place.panel->setArguments({"stylegan2"});
    QTest::qWait(50);
    keepShots(*place.panel, "explained");
  }
};

QTEST_MAIN(TestCataloguePanel)
#include "test_catalogue_panel.moc"
