using System.Text.Json.Nodes;
using CsCheck;

namespace Rge.Oracle.Tests;

public sealed class JournalTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rge-journal-").FullName;

    private string Path => System.IO.Path.Combine(_folder, "journal.jsonl");

    [Fact]
    public void A_journal_cut_anywhere_keeps_its_whole_lines_and_can_be_appended_to()
    {
        using (var journal = Open())
            for (var i = 1; i <= 3; i++)
                journal.Add(Entry(i, $"text {i}\nwith \"line ends\" and ü"));
        var bytes = File.ReadAllBytes(Path);
        for (var length = 0; length <= bytes.Length; length++)
        {
            File.WriteAllBytes(Path, bytes[..length]);
            var whole = Math.Max(0, bytes[..length].Count(b => b == '\n') - 1);
            using (var journal = Open())
            {
                Assert.Equal(Enumerable.Range(1, whole), journal.Entries.Select(entry => entry.Row));
                Assert.All(journal.Entries, entry => Assert.Equal($"text {entry.Row}\nwith \"line ends\" and ü", entry.Text));
                journal.Add(Entry(9, "after"));
            }
            using var again = Open();
            Assert.Equal([.. Enumerable.Range(1, whole), 9], again.Entries.Select(entry => entry.Row));
        }
    }

    [Fact]
    public void Entries_come_back_as_they_were() =>
        Gen.Select(Gen.String, Gen.Int[1, 1000], Gen.Long[0, 1L << 40])
            .Sample(
                (text, row, tokens) =>
                {
                    File.Delete(Path);
                    // A lone surrogate cannot be written.
                    text = new string([.. text.Where(c => !char.IsSurrogate(c))]);
                    var entry = Entry(row, text) with { InputTokens = tokens };
                    using (var journal = Open())
                        journal.Add(entry);
                    using var again = Open();
                    return again.Entries.Single() == entry;
                },
                iter: 100,
                threads: 1
            );

    [Fact]
    public void Several_entries_are_added_in_their_order()
    {
        using (var journal = Open())
        {
            journal.Add(Entry(1, "alone"));
            journal.Add([Entry(2, "a"), Entry(3, "b")]);
            journal.Add([]);
            Assert.Equal([1, 2, 3], journal.Entries.Select(entry => entry.Row));
        }
        using var again = Open();
        Assert.Equal([1, 2, 3], again.Entries.Select(entry => entry.Row));
    }

    [Fact]
    public void Many_threads_may_add()
    {
        using (var journal = Open())
            Parallel.For(1, 200, i => journal.Add(Entry(i, new string('x', i))));
        using var again = Open();
        Assert.Equal(Enumerable.Range(1, 199), again.Entries.Select(entry => entry.Row).Order());
        Assert.All(again.Entries, entry => Assert.Equal(entry.Row, entry.Text!.Length));
    }

    [Fact]
    public void A_damaged_line_in_the_middle_is_an_error_that_names_it()
    {
        using (var journal = Open())
            for (var i = 1; i <= 3; i++)
                journal.Add(Entry(i, "a"));
        var lines = File.ReadAllLines(Path);
        File.WriteAllLines(Path, [.. lines[..2], "{\"dataset\": 3", .. lines[3..]]);
        Assert.Contains("line 3 is damaged", Assert.Throws<OracleException>(Open).Message, StringComparison.Ordinal);
        Assert.Equal(4, File.ReadAllLines(Path).Length);
    }

    [Fact]
    public void Another_header_is_refused_or_starts_over()
    {
        using (var journal = Open())
            journal.Add(Entry(1, "a"));
        Assert.Contains(
            "{\"of\":\"test\"}",
            Assert.Throws<OracleException>(() => Open("other", startOver: false)).Message,
            StringComparison.Ordinal
        );
        using (var journal = Open())
            Assert.Single(journal.Entries);
        using (var journal = Open("other", startOver: true))
            Assert.Empty(journal.Entries);
        using (var journal = Open("other", startOver: false))
            Assert.Empty(journal.Entries);
    }

    private Journal<OracleAnswer> Open() => Open("test", startOver: false);

    private Journal<OracleAnswer> Open(string of, bool startOver) => new(Path, new JsonObject { ["of"] = of }, startOver);

    private static OracleAnswer Entry(int row, string text) =>
        new()
        {
            Dataset = "d",
            Row = row,
            Key = "k",
            Text = text,
        };

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
