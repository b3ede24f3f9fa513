// The Tokens dock: the codebook to browse and to paint with, and the picture's tokens as a list, for the keyboard and for screen readers.
#pragma once

#include <QWidget>

class QComboBox;
class QLabel;
class QLineEdit;
class QListView;
class QStackedLayout;
class QTableView;
class QToolButton;

namespace orrery::ui {

class CodeListModel;
class CodeMap;
class Segmented;
class Session;
class TokenDesk;
class TokenTableModel;

class TokenPanel : public QWidget {
  Q_OBJECT

 public:
  explicit TokenPanel(Session& session, QWidget* parent = nullptr);

  CodeListModel& codes() const { return *codes_; }
  QListView& codeList() const { return *code_list_; }
  QTableView& tokenTable() const { return *token_table_; }
  CodeMap& map() const { return *map_; }
  void showPage(int page);  // 0: codes, 1: map, 2: tokens

 protected:
  void showEvent(QShowEvent* event) override;
  void hideEvent(QHideEvent* event) override;

 private:
  void refresh();
  void follow();  // selections follow the canvas

  TokenDesk& desk_;
  CodeListModel* codes_;
  TokenTableModel* tokens_;
  Segmented* pages_;
  Segmented* heat_;
  QWidget* tools_;
  QComboBox* order_;
  QLineEdit* search_;
  QLabel* note_;
  QToolButton* canvas_;
  QListView* code_list_;
  CodeMap* map_;
  QTableView* token_table_;
  QStackedLayout* stack_;
  bool following_ = false;
};

}  // namespace orrery::ui
