using System.Globalization;
using System.Text.Json;
using CsCheck;

namespace Rge.Files.Tests;

public sealed class JsonFieldTests
{
    private static readonly Words Errors = new();

    [Fact]
    public void A_place_is_the_way_from_the_root()
    {
        var root = Field("""{"a": {"b": [1, {"c": null}]}}""");
        Assert.Equal("", root.Place);
        Assert.Equal("a.b[1].c", root["a"]["b"].Items().Last()["c"].Place);
        Assert.Equal("a.b[1].c", root["a"].Members().Single().Value.Items().Last().Members().Single().Value.Place);
        Assert.Equal("x.y.z", root["x"]["y"]["z"].Place);
        Assert.Equal("form.a", new JsonField(root.Value, Errors, "form")["a"].Place);
    }

    [Fact]
    public void A_long_name_is_cut_short_in_its_place_and_whole_as_a_name()
    {
        var name = new string('n', 200);
        var (read, value) = Field($$"""{"{{name}}": 1}""").Members().Single();
        Assert.Equal((name, new string('n', 57) + "..."), (read, value.Place));
    }

    [Fact]
    public void What_is_there_is_read()
    {
        var root = Field("""{"text": "æ😀", "flag": true, "number": 2.5, "whole": -3, "list": ["a", "b"], "none": null}""");
        Assert.Equal("æ😀", root["text"].Text());
        Assert.True(root["flag"].Flag(false));
        Assert.Equal(2.5, root["number"].Number());
        Assert.Equal(-3, root["whole"].Integer(-3, 0));
        Assert.Equal(["a", "b"], root["list"].Items().Select(item => item.Text()));
        Assert.Equal(["text", "flag", "number", "whole", "list", "none"], root.Members().Select(member => member.Name));
        Assert.Equal((6, 2, 0), (root.Count, root["list"].Count, root["text"].Count));
        Assert.Equal(7, root["text"].Choice(new Dictionary<string, int> { ["æ😀"] = 7 }));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"a": null}""")]
    public void What_is_missing_has_the_fallback_and_no_parts(string json)
    {
        var field = Field(json)["a"];
        Assert.True(field.IsMissing && field["b"].IsMissing);
        Assert.Empty(field.Members());
        Assert.Empty(field.Items());
        Assert.Equal("x", field.Text("x"));
        Assert.True(field.Flag(true));
        Assert.Null(field.OptionalInteger(0, 1));
        Assert.Null(field.Number());
        Assert.Null(field.Choice(new Dictionary<string, int>()));
    }

    public static TheoryData<string, Func<JsonField, object?>, string> Faults { get; } =
        new()
        {
            { """{"a": 5}""", field => field.Text(), "a is 5, expected a string" },
            { """{"a": null}""", field => field.Text(), "a is null, expected a string" },
            { "{}", field => field.Text(), "a is missing, expected a string" },
            { "{}", field => field.Object(), "a is missing, expected an object" },
            { """{"a": [1]}""", field => field["b"], "a is [1], expected an object" },
            { """{"a": [1]}""", field => field.Members().Count(), "a is [1], expected an object" },
            { """{"a": {"b": 1}}""", field => field.Items("a list of paths").Count(), "a is {\"b\": 1}, expected a list of paths" },
            { """{"a": "true"}""", field => field.Flag(true), "a is \"true\", expected true or false" },
            { """{"a": 9}""", field => field.Integer(0, 8), "a is 9, expected a whole number from 0 to 8" },
            { """{"a": 1.5}""", field => field.Integer(0, 8), "a is 1.5, expected a whole number from 0 to 8" },
            { """{"a": "x"}""", field => field.OptionalInteger(0, 8), "a is \"x\", expected a whole number from 0 to 8" },
            {
                """{"a": "c"}""",
                field => field.Choice(new Dictionary<string, int> { ["e"] = 1, ["d"] = 2 }),
                "a is \"c\", expected one of \"d\", \"e\""
            },
            { """{"a": "\ud800"}""", field => field.Text(), "a is not valid Unicode: " },
            { """{"a": {"\udc00": 1}}""", field => field.Members().Count(), "a has a member whose name is not valid Unicode" },
        };

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_fault_is_told_with_its_place_what_was_found_and_what_was_expected(
        string json,
        Func<JsonField, object?> read,
        string expected
    ) => Assert.StartsWith(expected, Assert.Throws<FormatException>(() => read(Field(json)["a"])).Message, StringComparison.Ordinal);

    [Fact]
    public void Numbers_too_large_for_a_double_are_none() => Assert.Null(Field("""{"a": 1e400}""")["a"].Number());

    [Fact]
    public void A_value_is_shown_as_it_is_written_up_to_60_characters() =>
        Gen.String[Gen.Char['a', 'ÿ'], 0, 200]
            .Sample(text =>
            {
                var json = JsonSerializer.Serialize(text);
                var shown = new JsonField(JsonElement.Parse(json), Errors).Show();
                Assert.Equal(json.Length <= 60 ? json : json[..57] + "...", shown);
            });

    [Fact]
    public void Kinds_are_told_in_words()
    {
        var list = Field("""{"a": [{}, [], "", 0, true, false, null]}""")["a"];
        Assert.Equal(
            ["an object", "a list", "a string", "a number", "true or false", "true or false", "null"],
            list.Items().Select(item => item.ShowKind())
        );
        Assert.Equal("missing", list.Items().First()["x"].ShowKind());
    }

    private static JsonField Field(string json) => new(JsonElement.Parse(json), Errors);

    private sealed class Words : JsonErrors
    {
        public override Exception Error(string place, string problem, Exception? cause = null) =>
            new FormatException(string.Create(CultureInfo.InvariantCulture, $"{place} {problem}"), cause);
    }
}
