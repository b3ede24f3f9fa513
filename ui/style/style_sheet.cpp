#include "ui/style/theme.h"

namespace orrery::ui {
namespace {

// @name is replaced by that colour. One radius (4 px), one height of controls (26 px), an 8-px grid.
const char* const kSheet = R"(
* { outline: none; }
QToolTip { background: @field; color: @text; border: 1px solid @line; padding: 5px 7px; }
QMainWindow, QDialog { background: @window; }
QMainWindow::separator { background: @window; width: 4px; height: 4px; }
QMainWindow::separator:hover { background: @accent; }

QDockWidget { color: @dim; titlebar-close-icon: none; titlebar-normal-icon: none; }
QDockWidget > QWidget { background: @panel; }

QLabel[role="dim"] { color: @dim; }
QLabel[role="heading"] { color: @text; font-size: 15px; }
QLabel[role="title"] { color: @text; font-size: 20px; }
QLabel[role="danger"] { color: @danger; }
QLabel[role="small"] { color: @dim; font-size: 12px; }

QPushButton { background: @field; color: @text; border: 1px solid @field; border-radius: 4px; padding: 0 12px; min-height: 26px; }
QPushButton:hover { background: @hover; border-color: @hover; }
QPushButton:pressed { background: @line; }
QPushButton:focus { border-color: @accent; }
QPushButton:disabled { color: @faint; background: @panel; border-color: @field; }
QPushButton:checked { background: @hover; border-color: @accent; }
QPushButton[role="primary"] { background: @accent; color: @onaccent; border-color: @accent; }
QPushButton[role="primary"]:hover { background: @accenthover; border-color: @accenthover; }
QPushButton[role="primary"]:focus { border-color: @text; }
QPushButton[role="primary"]:disabled { background: @field; color: @faint; border-color: @field; }
QPushButton[role="danger"] { color: @danger; }
QPushButton[role="link"] { background: transparent; border-color: transparent; color: @accent; padding: 0 4px; }
QPushButton[role="link"]:hover { background: @field; }
QPushButton[role="flat"] { background: transparent; border-color: transparent; }
QPushButton[role="flat"]:hover { background: @field; }
QPushButton[role="flat"]:focus { border-color: @accent; }

QToolButton { background: transparent; color: @text; border: 1px solid transparent; border-radius: 4px; padding: 3px; }
QToolButton:hover { background: @field; }
QToolButton:pressed { background: @hover; }
QToolButton:checked { background: @hover; }
QToolButton:focus { border-color: @accent; }
QToolButton:disabled { color: @faint; }
QToolButton::menu-indicator { image: none; }

QLineEdit, QTextEdit, QPlainTextEdit, QSpinBox, QDoubleSpinBox, QComboBox {
  background: @field; color: @text; border: 1px solid @field; border-radius: 4px; padding: 0 7px; min-height: 24px;
  selection-background-color: @accent; selection-color: @onaccent; }
QTextEdit, QPlainTextEdit { padding: 5px; }
QLineEdit:hover, QTextEdit:hover, QPlainTextEdit:hover, QSpinBox:hover, QDoubleSpinBox:hover, QComboBox:hover { border-color: @line; }
QLineEdit:focus, QTextEdit:focus, QPlainTextEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus { border-color: @accent; }
QLineEdit:disabled, QTextEdit:disabled, QPlainTextEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled { color: @faint; }
QLineEdit[role="bad"], QPlainTextEdit[role="bad"] { border-color: @danger; }
QSpinBox::up-button, QDoubleSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::down-button { border: none; background: transparent; width: 16px; }
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow { image: url(:/icons/@tone/chevron-up.svg); width: 10px; height: 10px; }
QSpinBox::down-arrow, QDoubleSpinBox::down-arrow { image: url(:/icons/@tone/chevron-down.svg); width: 10px; height: 10px; }
QComboBox { padding-right: 20px; }
QComboBox::drop-down { border: none; width: 22px; }
QComboBox::down-arrow { image: url(:/icons/@tone/chevron-down.svg); width: 12px; height: 12px; }
QComboBox QAbstractItemView { background: @field; color: @text; border: 1px solid @line; border-radius: 4px; padding: 4px; selection-background-color: @hover; selection-color: @text; }
QComboBox QAbstractItemView::item { min-height: 26px; padding: 0 6px; border-radius: 3px; }

QCheckBox, QRadioButton { spacing: 8px; color: @text; min-height: 24px; }
QCheckBox:disabled, QRadioButton:disabled { color: @faint; }
QCheckBox::indicator, QRadioButton::indicator { width: 14px; height: 14px; border: 1px solid @faint; background: @field; border-radius: 3px; }
QRadioButton::indicator { border-radius: 8px; }
QTreeView::indicator, QListView::indicator, QTableView::indicator { width: 14px; height: 14px; border: 1px solid @faint; background: @field; border-radius: 3px; }
QTreeView::indicator:checked, QListView::indicator:checked, QTableView::indicator:checked { background: @accent; border-color: @accent; image: url(:/icons/@tone/check.svg); }
QCheckBox::indicator:hover, QRadioButton::indicator:hover { border-color: @dim; }
QCheckBox::indicator:focus, QCheckBox:focus::indicator, QRadioButton:focus::indicator { border-color: @accent; }
QCheckBox::indicator:checked { background: @accent; border-color: @accent; image: url(:/icons/@tone/check.svg); }
QRadioButton::indicator:checked { background: qradialgradient(cx:0.5, cy:0.5, radius:0.5, fx:0.5, fy:0.5, stop:0 @accent, stop:0.5 @accent, stop:0.6 @field, stop:1 @field); border-color: @accent; }

QMenu { background: @field; color: @text; border: 1px solid @line; border-radius: 6px; padding: 5px; }
QMenu::item { padding: 5px 28px 5px 26px; border-radius: 4px; }
QMenu::item:selected { background: @hover; }
QMenu::item:disabled { color: @faint; }
QMenu::icon { padding-left: 8px; }
QMenu::separator { height: 1px; background: @line; margin: 5px 8px; }
QMenu::indicator { width: 12px; height: 12px; margin-left: 8px; }
QMenu::indicator:checked { image: url(:/icons/@tone/check-text.svg); }
QMenu::right-arrow { image: url(:/icons/@tone/chevron-right.svg); width: 12px; height: 12px; margin-right: 6px; }

QFrame#job-list, QFrame#search-popup { background: @panel; border: 1px solid @line; border-radius: 6px; }
QFrame#search-popup QLineEdit { background: transparent; border: none; border-bottom: 1px solid @line; border-radius: 0; min-height: 36px; font-size: 15px; }

QScrollArea, QAbstractScrollArea { background: transparent; border: none; }
QScrollArea > QWidget > QWidget { background: transparent; }
QScrollBar { background: transparent; border: none; }
QScrollBar:vertical { width: 10px; margin: 0; }
QScrollBar:horizontal { height: 10px; margin: 0; }
QScrollBar::handle { background: @line; border-radius: 3px; margin: 2px; }
QScrollBar::handle:hover { background: @faint; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QAbstractScrollArea::corner { background: transparent; }

QListView, QTreeView, QTableView { background: transparent; color: @text; border: none; alternate-background-color: @alternate; }
QListView::item, QTreeView::item { min-height: 26px; padding: 0 6px; border-radius: 4px; }
QListView::item:hover, QTreeView::item:hover { background: @field; }
QListView::item:selected, QTreeView::item:selected, QTableView::item:selected { background: @hover; color: @text; }
QTableView { gridline-color: @field; }
QHeaderView { background: transparent; }
QHeaderView::section { background: transparent; color: @dim; border: none; border-bottom: 1px solid @line; padding: 4px 6px; }
QTableCornerButton::section { background: transparent; border: none; }

QTabBar { background: transparent; qproperty-drawBase: 0; }
QTabBar::tab { background: transparent; color: @dim; border: none; border-bottom: 2px solid transparent; padding: 5px 10px; }
QTabBar::tab:hover { color: @text; }
QTabBar::tab:selected { color: @text; border-bottom-color: @accent; }
QTabBar::tab:focus { color: @accent; }
QTabWidget::pane { border: none; }

QSplitter::handle { background: @window; }
QSplitter::handle:hover { background: @accent; }
QProgressBar { background: @field; border: none; border-radius: 2px; max-height: 4px; min-height: 4px; color: transparent; }
QProgressBar::chunk { background: @accent; border-radius: 2px; }
QGroupBox { border: none; margin-top: 22px; padding: 0; color: @dim; }
QGroupBox::title { subcontrol-origin: margin; left: 0; color: @dim; }
QStatusBar { background: @window; color: @dim; }
QStatusBar::item { border: none; }
QSlider::groove:horizontal { background: @field; height: 4px; border-radius: 2px; }
QSlider::sub-page:horizontal { background: @accent; border-radius: 2px; }
QSlider::handle:horizontal { background: @text; width: 12px; height: 12px; margin: -4px 0; border-radius: 6px; }
QSlider::handle:horizontal:focus { background: @accent; }
)";

}  // namespace

QString styleSheetFor(const Colors& c, const QColor& accent) {
  QString sheet = QLatin1String(kSheet);
  const std::pair<const char*, QColor> names[] = {{"@accenthover", mixed(accent, c.text, 0.2)},
                                                  {"@accent", accent},
                                                  {"@alternate", mixed(c.panel, c.field, 0.5)},
                                                  {"@onaccent", c.dark ? c.window : QColor(Qt::white)},
                                                  {"@window", c.window},
                                                  {"@panel", c.panel},
                                                  {"@field", c.field},
                                                  {"@hover", c.hover},
                                                  {"@line", c.line},
                                                  {"@text", c.text},
                                                  {"@dim", c.dim},
                                                  {"@faint", c.faint},
                                                  {"@danger", c.danger}};
  for (const auto& [name, color] : names) sheet.replace(QLatin1String(name), color.name());
  return sheet.replace(QLatin1String("@tone"), c.dark ? QLatin1String("dark") : QLatin1String("light"));
}

}  // namespace orrery::ui
