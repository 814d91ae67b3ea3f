using Rge.Tests.Shared;

namespace Rge.Files.Tests;

public sealed class JsonFileTests : IDisposable
{
    private readonly ScratchFolder _folder = new();

    private string Path => System.IO.Path.Combine(_folder.Path, "config.json");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("{", " is not valid JSON: ")]
    [InlineData("[1]", ": the top level is not a JSON object.")]
    [InlineData("""{"a": 1, "a": 2}""", " is not valid JSON: ")]
    [InlineData("""{"\ud800": 1}""", " is not valid JSON: ")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", " is a Git LFS pointer")]
    public void What_is_no_strict_json_object_is_refused(string content, string problem)
    {
        File.WriteAllText(Path, content);
        foreach (var read in (Action[])[() => JsonFile.ReadObject(Path), () => JsonFile.Read(Path, root => root.Count)])
            Assert.StartsWith(Path + problem, Assert.Throws<CheckpointException>(read).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_or_too_large_is_refused()
    {
        Assert.Equal($"{Path} does not exist.", Assert.Throws<CheckpointException>(() => JsonFile.ReadObject(Path)).Message);
        using (var file = File.Create(Path))
            file.SetLength((64 << 20) + 1);
        Assert.Contains(
            "expected at most",
            Assert.Throws<CheckpointException>(() => JsonFile.ReadObject(Path)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_text_that_is_not_unicode_is_refused_with_its_place_before_anybody_asks_for_it()
    {
        File.WriteAllText(Path, """{"a": [{"b": "\ud800"}]}""");
        foreach (var read in (Action[])[() => JsonFile.ReadObject(Path), () => JsonFile.ReadConfig(Path, file => file.Has("c"))])
            Assert.StartsWith(
                $"{Path}: a[0].b is not valid Unicode",
                Assert.Throws<CheckpointException>(read).Message,
                StringComparison.Ordinal
            );
    }

    [Fact]
    public void Faults_name_the_file_and_the_place()
    {
        File.WriteAllText(Path, """{"a": {"b": 1}}""");
        Assert.Equal(
            $"{Path}: a.b is 1, expected a string.",
            Assert.Throws<CheckpointException>(() => JsonFile.Read(Path, root => root["a"]["b"].Text())).Message
        );
        Assert.Equal(
            $"{Path}: the top level lacks c.",
            Assert.Throws<CheckpointException>(() => JsonFile.Read<int>(Path, root => throw root.Error("lacks c"))).Message
        );
    }

    [Fact]
    public void The_fields_of_a_file_are_read_by_name_with_bounds()
    {
        File.WriteAllText(Path, """{"a": {"b": 1}, "c": 3}""");
        Assert.Equal((1, true), JsonFile.ReadConfig(Path, file => (file.Section("a")!.Int("b", 0, 5), file["a"]["d"].IsMissing)));
        Assert.Equal(
            $"{Path}: c is 3, expected a whole number from 0 to 2.",
            Assert.Throws<CheckpointException>(() => JsonFile.ReadConfig(Path, file => file.Int("c", 0, 2))).Message
        );
    }

    [Fact]
    public void An_object_outlives_its_file_and_can_be_changed()
    {
        File.WriteAllText(Path, """{"a": {"b": 1}, "c": 1e400}""");
        var json = JsonFile.ReadObject(Path);
        json["a"]!["b"] = 2;
        var reader = new ConfigReader(json, Path);
        Assert.Equal(2, reader.Section("a")!.Int("b", 0, 5));
        Assert.Equal(
            $"{Path}: c is 1e400, expected a number from 0 to 1.",
            Assert.Throws<CheckpointException>(() => reader.Double("c", 0, 1)).Message
        );
    }
}
