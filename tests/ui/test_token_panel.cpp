// The Tokens dock: the codebook to browse, to search and to paint with; the list that says what the canvas shows.
#include <QComboBox>
#include <QLineEdit>
#include <QListView>
#include <QSettings>
#include <QTableView>

#include "fake_tokens.h"
#include "panel_bench.h"
#include "ui/project/attached.h"
#include "ui/tokens/code_map.h"
#include "ui/tokens/code_models.h"
#include "ui/tokens/token_desk.h"
#include "ui/tokens/token_panel.h"

using namespace orrery;
using namespace orrery::ui;

class TestTokenPanel : public QObject {
  Q_OBJECT

  struct Place : Bench {
    Place() : Bench({.denoiser_steps = 6, .tokens = true}), panel(*new TokenPanel(*session)) {
      session->showModel("starter:tokens");
      show(&panel, {352, 420});
      for (int i = 0; i < 500 && !(desk().look() && desk().codebook() && desk().look()->step == fake::kTokenRounds); ++i) QTest::qWait(10);
    }
    ~Place() { delete &panel; }
    TokenDesk& desk() const { return attached<TokenDesk>(*session); }
    int codeIn(int row) const { return panel.codes().index(row).data(CodeListModel::CodeRole).toInt(); }
    TokenPanel& panel;
  };

 private Q_SLOTS:
  void initTestCase() { useLook(); }
  void init() { QSettings().clear(); }

  void everyCodeIsThere() {
    Place place;
    QCOMPARE(place.panel.codes().rowCount(), fake::kTokenCodes);
    QVERIFY(!place.desk().patch(5).isNull());
    QVERIFY(place.panel.codes().index(3).data(CodeListModel::DeadRole).toBool());  // the fake never uses it
    QVERIFY(place.panel.codes().index(3).data(Qt::AccessibleTextRole).toString().contains("never used in 100 pictures"));
    int sum = 0;
    for (int code = 0; code < fake::kTokenCodes; ++code) sum += place.panel.codes().index(code).data(CodeListModel::PlacesRole).toInt();
    QCOMPARE(sum, fake::kTokenSide * fake::kTokenSide);
  }

  void ordersAndSearch() {
    Place place;
    place.panel.codes().setOrder(CodeOrder::usage);
    QCOMPARE(place.codeIn(fake::kTokenCodes - 1), 3);
    place.panel.codes().setOrder(CodeOrder::here);
    QVERIFY(place.panel.codes().index(0).data(CodeListModel::PlacesRole).toInt() >= place.panel.codes().index(1).data(CodeListModel::PlacesRole).toInt());
    auto* search = place.panel.findChild<QLineEdit*>();
    QTest::keyClicks(search, "12");
    QCOMPARE(place.panel.codes().rowCount(), 1);
    QCOMPARE(place.codeIn(0), 12);
    search->clear();
    QCOMPARE(place.panel.codes().rowCount(), fake::kTokenCodes);
  }

  void aClickPicksACodeAndItsPlaces() {
    Place place;
    auto& list = place.panel.codeList();
    QTest::mouseClick(list.viewport(), Qt::LeftButton, {}, list.visualRect(place.panel.codes().index(6)).center());
    QCOMPARE(place.desk().code(), 6);
    for (const int cell : place.desk().placesOf(6)) QCOMPARE(fake::tokenCode(place.session->request(), cell), 6);
    QTest::mouseClick(list.viewport(), Qt::LeftButton, {}, list.visualRect(place.panel.codes().index(6)).center());
    QCOMPARE(place.desk().code(), -1);
    place.panel.showPage(1);
    QTest::mouseClick(&place.panel.map(), Qt::LeftButton, {}, place.panel.map().placeOf(9).toPoint());
    QCOMPARE(place.desk().code(), 9);
  }

  void theListSaysWhatTheCanvasShows() {
    Place place;
    place.panel.showPage(2);
    auto& table = place.panel.tokenTable();
    QCOMPARE(table.model()->rowCount(), 64);
    table.setFocus();
    table.setCurrentIndex(table.model()->index(10, 0));
    QCOMPARE(place.desk().hover(), 10);
    place.desk().setHover(21);
    QCOMPARE(table.currentIndex().row(), 21);
    QVERIFY(table.model()->index(21, 1).data(Qt::AccessibleTextRole).toString().contains("confidence"));
    // Space on the last column pins, as everywhere in lists.
    table.setCurrentIndex(table.model()->index(21, TokenTableModel::pinned));
    QTest::keyClick(&table, Qt::Key_Space);
    QVERIFY(place.desk().pinned(21));
    QCOMPARE(place.session->undo().count(), 2);  // the model, the pin
    QTest::keyClick(&table, Qt::Key_Space);
    QVERIFY(!place.desk().pinned(21));
  }

  void everythingHasANameAndATip() {
    Place place;
    for (QWidget* widget : place.panel.findChildren<QWidget*>()) {
      if (widget->focusPolicy() == Qt::NoFocus || !widget->isVisible() || widget->objectName().startsWith("qt_")) continue;
      auto* button = qobject_cast<QAbstractButton*>(widget);
      QVERIFY2(!widget->accessibleName().isEmpty() || (button && !button->text().isEmpty()), widget->metaObject()->className());
    }
  }

  void shots() {
    Place place;
    place.desk().pick(6);
    keepShots(place.panel, "tokens-codes");
    place.panel.showPage(1);
    keepShots(place.panel, "tokens-map");
    place.panel.showPage(2);
    place.desk().setHover(3);
    keepShots(place.panel, "tokens-list");
  }
};

QTEST_MAIN(TestTokenPanel)
#include "test_token_panel.moc"
