using CsCheck;
using Rge.Text.Jinja;

namespace Rge.Text.Tests;

public sealed class JinjaTemplateTests
{
    private static readonly Dictionary<string, object?> Variables = new(StringComparer.Ordinal)
    {
        ["name"] = TracedText.FromTemplate("Ab cD"),
        ["n"] = 7L,
        ["f"] = 2.5,
        ["no"] = false,
        ["nothing"] = null,
        ["list"] = new List<object?> { 3L, 1L, 2L },
        ["map"] = new Dictionary<string, object?>(StringComparer.Ordinal) { ["a"] = 1L, ["b"] = TracedText.FromTemplate("two") },
    };

    [Theory]
    // Whitespace control: blocks swallow the blanks before them on their line and the newline after them.
    [InlineData("  {% if n %}\n  x\n  {% endif %}\n y", "  x\n y")]
    [InlineData("a  {%- if n -%}\n  b\n  {%- endif %}\nc", "abc")]
    [InlineData("a  {%+ if n +%}\nb{% endif %}", "a  \nb")]
    [InlineData("a {% if n %} b {% endif %} c", "a  b  c")]
    [InlineData("  {# note #}\nx {#- note -#} y", "xy")]
    [InlineData("x\n  {{ n }}\ny\n", "x\n  7\ny")]
    [InlineData("{% if n -%}   a   {%- endif %}  b", "a  b")]
    [InlineData("x\r\ny\r{% if n %}\r\nz{% endif %}", "x\ny\nz")]
    // Literals and operators.
    [InlineData("{{ 'a' \"b\\n\\u00e9\\'\" }}", "ab\n\u00E9'")]
    [InlineData("{{ 1 + 2 * 3 - 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 6 / 2 }} {{ f * 2 }}", "4 -4 2 3.5 3.0 5.0")]
    [InlineData("{{ 1 ~ 'x' ~ nothing ~ no ~ nope }}", "1xNoneFalse")]
    [InlineData("{{ 'a' + 'b' * 2 }}{{ ([1] + [2])|length }}", "abb2")]
    [InlineData("{{ 1 < 2 <= 2 }} {{ 'b' > 'a' }} {{ not no and n == 7.0 }} {{ no or 'x' }} {{ 'Z' != 'z' }}", "True True True x True")]
    [InlineData("{{ 'b' in name }} {{ 3 in list }} {{ 9 not in list }} {{ 'a' in map }} {{ n in nope }}", "True True True True False")]
    [InlineData("{{ 'x' if no else 'y' if n else 'z' }}{{ 'x' if no }}", "y")]
    [InlineData("{{ {'a': {'b': [1, 2]}}.a['b'][-1] }}{{ (1, 2)[0] }}{{ list.0 }}", "213")]
    [InlineData("{{ name[1:3] }}|{{ name[-2:] }}|{{ name[::-1] }}|{{ list[1:]|join(',') }}|{{ list[::-1]|join }}|{{ name[9:] }}", "b |cD|Dc bA|1,2|213|")]
    // Statements.
    [InlineData("{% for x in list %}{{ loop.index }}{{ loop.index0 }}{{ loop.first }}{{ loop.last }}{{ x }};{% endfor %}", "10TrueFalse3;21FalseFalse1;32FalseTrue2;")]
    [InlineData("{% for x in list if x > 1 %}{{ x }}/{{ loop.length }} {% else %}none{% endfor %}", "3/2 2/2 ")]
    [InlineData("{% for x in nope %}{{ x }}{% else %}none{% endfor %}", "none")]
    [InlineData("{% for k, v in map.items() %}{{ k }}={{ v }},{% endfor %}{% for k in map %}{{ k }}{% endfor %}", "a=1,b=two,ab")]
    [InlineData("{% for x in range(9) %}{% if x == 4 %}{% break %}{% elif x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}", "023")]
    [InlineData("{% for x in list %}{{ loop.previtem }}<{{ x }}<{{ loop.nextitem }} {% endfor %}", "<3<1 3<1<2 1<2< ")]
    [InlineData("{% set x = 1 %}{% for y in list %}{% set x = x + 1 %}{% endfor %}{{ x }}", "1")]
    [InlineData("{% set s = namespace(x=1) %}{% for y in list %}{% set s.x = s.x + 1 %}{% endfor %}{{ s.x }}", "4")]
    [InlineData("{% if no %}{% set x = 1 %}{% else %}{% set x = 2 %}{% endif %}{{ x }}", "2")]
    [InlineData("{% set a, b = 1, 2 %}{{ b }}{{ a }}{% set c %} {{ name }} {% endset %}[{{ c }}]", "21[ Ab cD ]")]
    [InlineData("{% macro m(a, b='B') %}[{{ a }}{{ b }}{{ n }}]{% endmacro %}{{ m(1) }}{{ m(b=2) }}", "[1B7][27]")]
    [InlineData("{% set z = 4 %}{% macro g() %}{{ z }}{% endmacro %}{% for i in [1] %}{% set z = 9 %}{{ g() }}{% endfor %}", "4")]
    [InlineData("{% generation %}x{% endgeneration %}", "x")]
    // Filters, tests and methods.
    [InlineData("{{ '  a ' | trim }}|{{ 'xxaxx'.strip('x') }}|{{ ' a '.lstrip() }}|{{ ' a '.rstrip() }}|", "a|a|a | a|")]
    [InlineData("{{ name|upper }}{{ name.lower() }}{{ 'aB'|capitalize }}{{ name|length }}{{ list|count }}", "AB CDab cdAb53")]
    [InlineData("{{ nope|default('d') }}{{ ''|default('e') }}{{ ''|default('f', true) }}{{ nope|d }}", "df")]
    [InlineData("{{ 'a,b,c'.split(',')|join('-') }} {{ ' a  b '.split()|last }} {{ 'a,b,c'.split(',', 1)[-1] }} {{ 'abc'|join('.') }}", "a-b-c b b,c a.b.c")]
    [InlineData("{{ 'abc'.startswith('ab') }}{{ 'abc'.endswith(('x', 'c')) }}{{ 'aXa'.replace('a', 'b', 1) }}{{ 'abc'.find('z') }}", "TrueTruebXa-1")]
    [InlineData("{{ 'x-y'.removeprefix('x-') }}{{ 'a\\r\\nb\\n'.splitlines()|join('|') }}{{ map.get('z', 5) }}{{ map.get('z') }}", "ya|b5None")]
    [InlineData("{{ {'a': [1, 2.5, none, true], 'é': '\"\\n/<'}|tojson }}", """{"a": [1, 2.5, null, true], "é": "\"\n/<"}""")]
    [InlineData("{{ [map, {'a': 2}]|map(attribute='a')|join(',') }} {{ ['x', 'y']|map('upper')|join }} {{ '5'|int + 1 }}", "1,2 XY 6")]
    [InlineData("{{ [map, {'a': 2}]|selectattr('a', '==', 2)|list|length }}{{ list|select('odd')|join }}{{ list|reject('in', [1, 2])|first }}", "1313")]
    [InlineData("{{ nope is defined }} {{ nope is undefined }} {{ nothing is none }} {{ name is string }} {{ map is mapping }} {{ list is not mapping }}", "False True True True True True")]
    [InlineData("{{ n is number }} {{ name is iterable }} {{ n is iterable }} {{ list is sequence }} {{ no is boolean }} {{ n is even }} {{ n is eq 7 }}", "True True False True True False True")]
    public void Templates_render_as_the_reference_renders_them(string template, string expected) => Assert.Equal(expected, Render(template).Value);

    [Theory]
    [InlineData("a\n{{ nope.x }}", 2, "undefined")]
    [InlineData("{{ 'a' + 1 }}", 1, "has no meaning")]
    [InlineData("\n\n{{ list }}", 3, "a list is used as text")]
    [InlineData("{{ nope() }}", 1, "called like a function")]
    [InlineData("{{ raise_exception('no ' ~ name) }}", 1, "no Ab cD")]
    [InlineData("{{ 1 // 0 }}", 1, "")]
    [InlineData("{{ 'x'|nofilter }}", 1, "filter nofilter")]
    [InlineData("{{ 1 is notest }}", 1, "test notest")]
    [InlineData("{% include 'x' %}", 1, "tag {% include %}")]
    [InlineData("{% break %}", 1, "tag {% break %}")]
    [InlineData("{% if n %}\nx", 2, "expected {% endif %}")]
    [InlineData("{% endif %}", 1, "tag {% endif %}")]
    [InlineData("x\n{{ 'a }}", 2, "a string is not closed")]
    [InlineData("{{ n", 1, "not closed")]
    [InlineData("{# n", 1, "a comment is not closed")]
    [InlineData("{{ 1 2 }}", 1, "found \"2\", expected }}")]
    [InlineData("{{ }}", 1, "expected a value")]
    [InlineData("{{ n ? 1 }}", 1, "unexpected character")]
    [InlineData("{{ name|join(x=1) }}", 1, "x is unknown")]
    [InlineData("{% set no.x = 1 %}", 1, "no namespace")]
    [InlineData("{{ name.__class__() }}", 1, "called like a function")]
    public void Mistakes_are_reported_with_their_line(string template, int line, string shown)
    {
        var error = Assert.Throws<JinjaException>(() => Render(template));
        Assert.Equal(line, error.Line);
        Assert.Contains(shown, error.Message, StringComparison.Ordinal);
    }

    private static readonly string BigMap = "{% set m = {" + string.Concat(Enumerable.Range(0, 2000).Select(i => $"'{i}':{i},")) + "} %}";

    private static string Names(int count) => string.Join(',', Enumerable.Range(0, count).Select(i => $"a{i}"));

    public static TheoryData<string> Malicious =>
    [
        "{% for a in range(1000000000) %}{% endfor %}",
        "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}{% endfor %}{% endfor %}{% endfor %}",
        "{% set s = namespace(x='aaaaaaaa') %}{% for i in range(99) %}{% set s.x = s.x ~ s.x %}{% endfor %}",
        "{% set s = namespace(x=[1]) %}{% for i in range(99) %}{% set s.x = s.x + s.x %}{% endfor %}",
        "{{ 'aaaaaaaaaa' * 1000000000 }}",
        "{{ '' * 9000000000000000000 }}",
        "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
        "{% set s = namespace(x=[]) %}{% for i in range(99999) %}{% set s.x = [s.x] %}{% endfor %}{{ s.x == s.x[0] }}{{ s.x|tojson }}",
        "{{ " + new string('(', 100_000) + " }}",
        "{{ " + string.Concat(Enumerable.Repeat("not ", 60_000)) + "n }}",
        "{{ " + new string('-', 200_000) + "1 }}",
        "{{ 1" + string.Concat(Enumerable.Repeat("+1", 60_000)) + " }}",
        "{{ name" + string.Concat(Enumerable.Repeat(".a", 60_000)) + " }}",
        "{{ name" + string.Concat(Enumerable.Repeat("|trim", 50_000)) + " }}",
        "{{ 1" + string.Concat(Enumerable.Repeat(" if n else 1", 20_000)) + " }}",
        string.Concat(Enumerable.Repeat("{% if n %}", 25_000)),
        new string('x', 300_000),
        "{% set t = 'x' * 100000 %}{% for i in range(1000000) %}{% set u = t[1:] %}{% endfor %}",
        "{% set t = 'x' * 100000 %}{% for i in range(1000000) %}{{ 'y' in t }}{% endfor %}",
        "{% set b = range(200000) %}{% for i in range(200000) %}{% set u = b|reverse %}{% endfor %}",
        "{% set b = range(200000) %}{% for i in range(200000) %}{% set u = b|map(attribute='x') %}{% endfor %}",
        "{% set b = range(200000) %}{% for i in range(200000) %}{% set u = b|map('abs') %}{% endfor %}",
        "{% set ns = namespace(l=['']) %}{% for i in range(17) %}{% set ns.l = ns.l + ns.l %}{% endfor %}{% for i in range(200000) %}{% set u = ns.l|join %}{% endfor %}",
        "{% set ns = namespace(l=['']) %}{% for i in range(17) %}{% set ns.l = ns.l + ns.l %}{% endfor %}{% for i in range(200000) %}{% set u = ''.join(ns.l) %}{% endfor %}",
        "{% set ns = namespace(l=['']) %}{% for i in range(17) %}{% set ns.l = ns.l + ns.l %}{% endfor %}{% for i in range(200000) %}{% set u = 'x'.startswith(ns.l) %}{% endfor %}",
        "{% set ns = namespace(l=['y']) %}{% for i in range(17) %}{% set ns.l = ns.l + ns.l %}{% endfor %}{% for i in range(200000) %}{% set u = 'x'.endswith(ns.l) %}{% endfor %}",
        "{% set b = range(200000) %}{% for i in range(200000) %}{% set u = b[::-1] %}{% endfor %}",
        "{% set b = range(200000) %}{% for i in range(200000) %}{% set u = b[1:] %}{% endfor %}",
        "{% set b = range(200000) %}{% for i in range(200000) %}{% set u = b + b %}{% endfor %}",
        "{% set b = range(200000) %}{% for i in range(200000) %}{% set u = b|select %}{% endfor %}",
        "{% set b = range(200000) %}{% for i in range(200000) %}{% set u = b|rejectattr('x') %}{% endfor %}",
        "{% set b = range(200000) %}{% for i in range(200000) %}{% set u = -1 in b %}{% endfor %}",
        "{% set b = range(200000) %}{% for i in range(200000) %}{% set u = b == b %}{% endfor %}",
        "{% set b = range(200000) %}{% for i in range(200000) %}{% set u = b|tojson %}{% endfor %}",
        "{% set b = range(200000) %}{% for i in range(200000) %}{% set u = b|join(',') %}{% endfor %}",
        "{% set t = 'x' * 400000 %}{% for i in range(200000) %}{% set u = t|int %}{% endfor %}",
        "{% set t = 'x' * 400000 %}{% for i in range(200000) %}{% set u = t < t %}{% endfor %}",
        "{% set t = 'x' * 400000 %}{% for i in range(200000) %}{% set u = {}[t] %}{% endfor %}",
        "{% set t = 'x' * 400000 %}{% for i in range(200000) %}{% set u = t in {} %}{% endfor %}",
        "{% set t = 'x' * 400000 %}{% for i in range(200000) %}{% set u = {}.get(t) %}{% endfor %}",
        "{% set t = 'x' * 400000 %}{% for i in range(200000) %}{% set u = {t: 1} %}{% endfor %}",
        "{% set t = 'x' * 400000 %}{% for i in range(200000) %}{% set u = 1|string|replace('1', t) %}{% endfor %}",
        "{% set t = 'x' * 400000 %}{% for i in range(200000) %}{% set u = t|list %}{% endfor %}",
        "{% set t = 'x' * 400000 %}{% for i in range(200000) %}{% set u = t[::2] %}{% endfor %}",
        "{% set t = 'x' * 400000 %}{% for i in range(200000) %}{% set u = t|upper %}{% endfor %}",
        "{% set t = 'x' * 400000 %}{% for i in range(200000) %}{% set u = 'x'.strip(t) %}{% endfor %}",
        "{% set t = 'x' * 400000 %}{% for i in range(200000) %}{% set u = t.strip('x') %}{% endfor %}",
        "{% set t = 'x' * 400000 %}{% for i in range(200000) %}{% set u = t.split('y') %}{% endfor %}",
        "{% set t = 'x' * 400000 %}{% for i in range(200000) %}{% set u = t.splitlines() %}{% endfor %}",
        "{% set t = 'x' * 400000 %}{% for i in range(200000) %}{% set u = t.find('y') %}{% endfor %}",
        "" + BigMap + "{% for i in range(200000) %}{% set u = m.values() %}{% endfor %}",
        "" + BigMap + "{% for i in range(200000) %}{% set u = m.keys() %}{% endfor %}",
        "" + BigMap + "{% for i in range(200000) %}{% set u = m.items() %}{% endfor %}",
        "" + BigMap + "{% for i in range(200000) %}{% set u = m|items %}{% endfor %}",
        "" + BigMap + "{% for i in range(200000) %}{% set u = m|list %}{% endfor %}",
        "" + BigMap + "{% for i in range(200000) %}{% set u = m == m %}{% endfor %}",
        "{% set b = range(500000) %}{% set ns = namespace(l=[]) %}{% for i in range(2000) %}{% set ns.l = ns.l + [b|reverse] %}{% endfor %}",
        "{% set t = 'x' * 300000 %}{% set n = 'x' * 100000 ~ 'y' ~ 'x' * 100000 %}{{ n in t }}",
        "{% set t = 'x' * 300000 %}{% set n = 'x' * 100000 ~ 'y' ~ 'x' * 100000 %}{{ t.split(n) }}",
        "{% set t = 'x' * 300000 %}{% set n = 'x' * 100000 ~ 'y' ~ 'x' * 100000 %}{{ t|replace(n, '') }}",
        "{% set t = 'x' * 300000 %}{% set n = 'x' * 100000 ~ 'y' ~ 'x' * 100000 %}{{ t.find(n) }}",
        "{% set l = range(200) %}{% for i in range(200000) %}{% for " + Names(200) + " in [l] %}{% endfor %}{% endfor %}",
        "{% macro f(" + Names(200) + ") %}{% endmacro %}{% for i in range(200000) %}{{ f() }}{% endfor %}",
        string.Concat(Enumerable.Repeat("{% for i in [1] %}", 80)) + "{% for i in range(200000) %}{{ q }}{% endfor %}" + string.Concat(Enumerable.Repeat("{% endfor %}", 80)),
        "{{ " + new string('x', 100_000) + " }}",
        "{{ range(" + string.Concat(Enumerable.Repeat("1,", 10_000)) + ") }}",
        "{% macro f(" + Names(10_000) + ") %}{% endmacro %}",
    ];

    [Theory]
    [MemberData(nameof(Malicious))]
    public void Templates_without_measure_are_stopped(string template) => Assert.Throws<JinjaException>(() => Render(template));

    [Fact]
    public void A_loop_as_long_with_a_cheap_body_is_not_stopped() =>
        Assert.Equal("x", Render("{% set b = range(200000) %}{% for i in range(200000) %}{% set u = b[0] + i %}{% endfor %}x").Value);

    [Fact]
    public void A_complaint_of_the_template_itself_is_cut()
    {
        var error = Assert.Throws<JinjaException>(() => Render("{{ raise_exception('x' * 100000) }}"));
        Assert.InRange(error.Message.Length, 100, 400);
    }

    [Fact]
    public void Every_piece_keeps_its_origin()
    {
        var template = "<{{ ' ' ~ t|trim|upper }}|{{ t.split('-')[1] }}|{{ t|replace('-', '+') }}|{{ [t, 'x']|tojson }}|{{ t[1:3] }}>";
        var text = JinjaTemplate.Parse(template).Render([KeyValuePair.Create("t", (object?)TracedText.FromCaller(" a-\"b "))]);
        var marked = string.Concat(text.Runs().Select(run => run.IsFromCaller ? $"[{run.Text}]" : run.Text));
        Assert.Equal("< [A-\"B]|[\"b ]|[ a]+[\"b ]|[\"[ a-\\\"b ]\", \"x\"]|[a-]>", marked);
    }

    [Fact]
    public void Damaged_templates_fail_or_render()
    {
        string[] pieces =
        [
            "{%", "%}", "{{", "}}", "{%-", "-%}", "{#", "#}", " if ", " for ", " in ", " endfor ", " endif ", " else ", " set ", " macro ", " endmacro ", "(", ")", "[", "]",
            "{", "}", ":", ",", ".", "|", "~", "+", "-", "*", "//", "%", "==", "=", " is ", " not ", "'", "\"", "\\", "1", "99999999999", "1.5", "n", "name", "list", "map", "nope",
            "loop", "trim", "join", "split", "namespace", "range", "none", "string", "\n", "x",
        ];
        Gen.OneOf<string>(pieces).List[1, 25].Select(string.Concat).Sample(template =>
        {
            try
            {
                Render(template);
            }
            catch (JinjaException e)
            {
                Assert.True(e.Line > 0, e.Message);
            }
        }, iter: 20_000);
    }

    private static TracedText Render(string template) => JinjaTemplate.Parse(template).Render(Variables);
}
