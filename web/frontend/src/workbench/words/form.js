// Chinese for what form-js says without a translation hook: exact texts, and patterns with a number or a name in them.
const exact = {
  '<none>': '（无）', Action: '操作', Auto: '自动', 'Binds to a form variable': '填写内容存入这个变量', Button: '按钮', Checkbox: '勾选框', 'Checkbox group': '多选框组',
  'Click to set a dynamic value with FEEL expression': '点击改用 FEEL 表达式', 'Click to remove dynamic value with FEEL expression': '点击改回固定值', Columns: '列', Components: '组件', Condition: '条件',
  'Condition under which the field is hidden': '满足条件时隐藏此字段', Containers: '容器', Presentation: '展示', Selection: '选择', Input: '输入', Create: '新增', 'Create new list item': '新增一项', 'Custom properties': '其他属性',
  'Date time': '日期时间', 'Default value': '默认值', 'Delete item': '删除此项', Disabled: '停用', 'Document preview': '文档预览', 'Dynamic list': '动态列表', Expression: '表达式', 'FEEL expression is mandatory': '必须是 FEEL 表达式',
  'Field description': '填写说明', 'Field label': '字段名称', 'File picker': '选择文件', General: '常规', Group: '分组', 'HTML view': '网页片段', 'Hide if': '何时隐藏', ID: '标识', 'Image view': '图片', 'Input data': '输入数据', Key: '变量名', Label: '名称',
  Layout: '布局', 'Learn more': '了解更多', 'Maximum length': '最多字数', 'Minimum length': '最少字数', Number: '数字', 'Open pop-up editor': '在弹出窗口中编辑', 'Options source': '选项来源', 'Radio group': '单选框组', 'Read only': '只读',
  Required: '必填', 'Search components': '搜索组件', Searchable: '可搜索', 'Section contains edits': '此组有内容', 'Section contains an error': '此组有错误', Select: '下拉选择', Separator: '分隔线', Spacer: '留白', Static: '固定', 'Static options': '固定选项',
  'Supports markdown and templating.': '支持 Markdown 与模板。', 'Supports markdown and templating. ': '支持 Markdown 与模板。', Table: '表格', 'Tag list': '标签列表', Text: '文字', 'Text area': '多行文本', 'Text field': '单行文本', 'Text view': '文字', 'Toggle list item': '展开或收起',
  'Toggle section': '展开或收起', Type: '类型', Validation: '校验', Value: '值', 'Version tag': '版本标记', iFrame: '内嵌网页', Form: '表单', Remove: '移除', Values: '选项', 'Options expression': '选项表达式', Expression_: '表达式',
  'Form is empty': '表单还没有字段', 'Build your form': '搭建表单', 'Drag and drop components here to start designing.': '把组件拖到这里开始设计。', 'Use the preview window to test your form.': '用预览查看效果。',
  'Drop components here': '把组件拖到这里', 'Select a form field to edit its properties.': '选中一个字段以编辑其设置。', 'Multiple form fields are selected. Select a single form field to edit its properties.': '选中了多个字段；请只选一个。',
  'Map point': '地图定位', Photo: '照片', File: '文件', Signature: '签名', Person: '人员', Organisation: '单位', 'Code table': '代码表',
  Appearance: '外观', Prefix: '前缀', Suffix: '后缀', Minimum: '最小值', Maximum: '最大值', 'Decimal digits': '小数位数', 'Arrow step': '步长', 'Serialize to string': '存为文本', Subtype: '子类型', Date: '日期', Time: '时间', 'Date & Time': '日期与时间', 'Date time': '日期时间',
  'Date label': '日期名称', 'Time label': '时间名称', 'Use 24h': '24 小时制', 'Time interval': '时间间隔', 'Time format': '时间格式', 'Disallow past dates': '不允许过去的日期', 'Validation pattern': '校验规则', 'Custom': '自定义', 'Email': '邮箱', 'Phone': '电话',
  'Regular expression pattern': '正则表达式', 'Custom regular expression': '自定义正则表达式', 'Height': '高度', 'Group label': '分组名称', 'Show outline': '显示边框', 'Vertical alignment': '垂直对齐', 'Top': '上', 'Center': '中', 'Bottom': '下', 'Path': '路径',
  'Allow add/delete items': '允许增删', 'Default number of items': '默认条数', 'Disable collapse': '不收起', 'Number of non-collapsing items': '不收起的条数', 'Dynamic options': '动态选项', 'Define an expression to populate the options from.': '用表达式给出选项。',
  'Input values key': '选项变量', 'Supported file formats': '允许的文件类型', 'Upload multiple files': '允许多个文件', 'Checked': '已勾选', 'Not checked': '未勾选', 'Alternative text': '替代文字', 'No matches found': '没有找到', 'No results': '没有结果', 'No components found.': '没有找到组件。',
  'Text format': '文本格式', '1h': '1 小时', '30m': '30 分钟', '15m': '15 分钟', '10m': '10 分钟', '5m': '5 分钟', '1m': '1 分钟', 'Clear': '清除', 'Powered by bpmn.io': '由 bpmn.io 提供', 'Target value': '目标值', 'Compute on': '何时计算',
  'Dynamic list item': '列表项', 'Routes the output of this form field to a variable with the given name': '填写内容存入这个变量', 'Must be unique': '必须唯一', 'Must not be empty.': '不能为空。', 'Must be a variable name.': '必须是变量名。', 'Add new': '新增',
  'Routes the children of this component into a form variable, may be left empty to route at the root level.': '分组内字段存入这个变量；留空则直接存入表单。',
  'Routes the children of this component into a form variable.': '列表存入这个变量。', 'Must not be empty': '不能为空', 'Must be unique in its context': '同一层内不能重复',
  'A comma-separated list of': '以逗号分隔的', 'file type specifiers': '文件类型', 'Allows arbitrary precision values': '允许任意精度', Constraints: '限制', Increment: '步长', 'Output as string': '输出为文本', Serialization: '存储',
  'Where the child variables of this component are pathed to.': '分组内字段存入的变量。', Year: '年', 'yyyy/mm/dd': '年/月/日', 'Clear content': '清除内容',
};
delete exact.Expression_;
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
MONTHS.forEach((month, place) => { exact[month] = `${place + 1} 月`; });
const named = (prefix) => (_, name) => `${prefix}${exact[name] || name}`;

export default {
  exact,
  patterns: [
    [new RegExp(`^(${MONTHS.join('|')}) (\\d+), (\\d{4})$`), (_, month, day, year) => `${year} 年 ${MONTHS.indexOf(month) + 1} 月 ${day} 日`],
    [/^Value (\d+)$/, '值 $1'],
    [/^Create an? (.+) element$/, named('添加')],
    [/^Remove (.+)$/, named('移除')],
    [/^List contains (\d+) items?$/, '共 $1 项'],
    [/^Open (.+)$/, named('打开')],
    [/^Learn more about (.+)$/, named('了解')],
  ],
};
