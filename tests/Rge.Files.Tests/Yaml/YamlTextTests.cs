using System.Text;
using Rge.Files.Yaml;
using Rge.Tests.Shared;

namespace Rge.Files.Tests.Yaml;

public sealed class YamlTextTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    [Fact]
    public void Values_have_their_places_and_nulls_are_told_from_texts()
    {
        var root = YamlText.Parse("a: 1\nb:\n- x\n- null\n- \"null\"\nc: &one {d: e}\nf: *one\ng:\n", "s.yaml");
        Assert.Equal(["a", "b", "c", "f", "g"], root.Members!.Keys);
        Assert.Equal(("1", "s.yaml, line 1"), (root.Members["a"].Text, root.Members["a"].Place));
        Assert.Equal(["x", null, "null"], root.Members["b"].Items!.Select(item => item.Text));
        Assert.Equal("e", root.Members["f"].Members!["d"].Text);
        Assert.True(root.Members["g"].IsNull);
        Assert.True(YamlText.Parse("# nothing\n", "s.yaml").IsNull);
    }

    public static TheoryData<string, string> Broken =>
        new()
        {
            { "name: [a, b\nseed: 1\n", "line " },
            { "a: {b: 'c", "not valid YAML" },
            { "a: *b", "line 1: the alias *b stands for nothing before it." },
            { "a: &b [*b]", "the alias *b stands for nothing before it" },
            { "a: 1\nb: 2\na: 3", "line 3: 'a' occurs twice." },
            { "a: 1\n---\nb: 2", "line 2: a second document begins here, expected one." },
            { "a: !!int 3", "the tag tag:yaml.org,2002:int is not supported" },
            { "? [a]\n: b", "a key is empty, a list or a map, expected a name" },
            { ": b", "a key is empty" },
            { "a:\n\tb: 1", "not valid YAML" },
            { "a: @b", "not valid YAML" },
            { string.Concat(Enumerable.Repeat("{a: ", 50_000)), "nested more than 32 deep" },
            { "a: " + new string('[', 50_000), "nested more than 32 deep" },
            { string.Concat(Enumerable.Range(0, 600).Select(i => $"{new string(' ', i)}a:\n")), "nested more than 32 deep" },
            { string.Concat(Enumerable.Repeat("- ", 50_000)), "nested more than 32 deep" },
            // Each line has the one before nine times: 9 to the 20th if it were written out.
            {
                "a0: &a0 x\n"
                    + string.Concat(
                        Enumerable.Range(1, 20).Select(i => $"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 9))}]\n")
                    ),
                "more than 100000 values"
            },
            { $"a: [{string.Join(',', Enumerable.Repeat("1", 200_000))}]", "more than 100000 values" },
            { "a: " + new string('x', 1 << 20), "expected a YAML text of at most 1048576" },
        };

    [Theory]
    [MemberData(nameof(Broken))]
    public void What_is_not_yaml_or_too_much_of_it_is_refused_in_one_sentence(string yaml, string expected)
    {
        var error = Assert.Throws<YamlTextException>(() => YamlText.Parse(yaml, "s.yaml"));
        Assert.StartsWith("s.yaml", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void A_file_that_is_missing_no_text_or_a_folder_is_named()
    {
        File.WriteAllBytes(_scratch["latin.yaml"], Encoding.Latin1.GetBytes("a: é"));
        Assert.Contains(
            "latin.yaml is not UTF-8 text",
            Assert.Throws<YamlTextException>(() => YamlText.Read(_scratch["latin.yaml"])).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "none.yaml cannot be read: it does not exist",
            Assert.Throws<YamlTextException>(() => YamlText.Read(_scratch["none.yaml"])).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "is a folder",
            Assert.Throws<YamlTextException>(() => YamlText.Read(_scratch.Path)).Message,
            StringComparison.Ordinal
        );
        File.WriteAllText(_scratch["marked.yaml"], "\uFEFFa: é");
        Assert.Equal("é", YamlText.Read(_scratch["marked.yaml"]).Members!["a"].Text);
    }

    public void Dispose() => _scratch.Dispose();
}
