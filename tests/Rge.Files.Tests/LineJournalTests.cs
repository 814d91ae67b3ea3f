using System.Text;
using Rge.Tests.Shared;

namespace Rge.Files.Tests;

public sealed class LineJournalTests : IDisposable
{
    private readonly ScratchFolder _folder = new();

    private string Path => System.IO.Path.Combine(_folder.Path, "lines");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Lines_come_back_with_their_places()
    {
        // One longer than what is read at once, an empty one, and characters of several bytes.
        string[] texts = [new('x', 200_000), "", "æøå", "end"];
        using (var journal = LineJournal.Open(Path))
        {
            Assert.True(journal.IsEmpty);
            foreach (var text in texts)
                journal.Append(Encoding.UTF8.GetBytes(text));
            journal.Flush();
        }
        using var again = LineJournal.Open(Path);
        var lines = again.Lines().ToArray();
        Assert.Equal(texts, lines.Select(line => line.Text));
        foreach (var line in lines)
        {
            var bytes = new byte[line.Content.Length];
            again.ReadExactly(line.Start, bytes);
            Assert.Equal(line.Content.ToArray(), bytes);
        }
        Assert.Equal(new FileInfo(Path).Length, lines[^1].End);
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("torn", 0)]
    [InlineData("one\n", 1)]
    [InlineData("one\ntwo\nto", 2)]
    [InlineData("one\n", 1, 65_535)]
    [InlineData("one\n", 1, 65_536)]
    [InlineData("", 0, 200_000)]
    public void A_line_without_its_end_is_cut_off_and_what_follows_begins_a_line(string content, int whole, int longer = 0)
    {
        File.WriteAllText(Path, content + new string('x', longer));
        Assert.Equal(whole, LineJournal.Read(Path).Count());
        using (var journal = LineJournal.Open(Path))
        {
            Assert.Equal("new", journal.Append("new"u8.ToArray()).Text);
            Assert.Equal(whole + 1, journal.Lines().Count());
        }
        Assert.Equal("new", LineJournal.Read(Path).Last().Text);
    }

    [Fact]
    public void Cut_at_the_end_of_a_line_the_others_stay()
    {
        using var journal = LineJournal.Open(Path);
        foreach (var text in (string[])["one", "two", "three"])
            journal.Append(Encoding.UTF8.GetBytes(text));
        journal.Truncate(journal.Lines().ElementAt(1).End);
        journal.Append("four"u8.ToArray());
        Assert.Equal(["one", "two", "four"], journal.Lines().Select(line => line.Text));
    }

    [Fact]
    public void It_belongs_to_one_process_which_others_may_be_allowed_to_read()
    {
        using (LineJournal.Open(Path))
            Assert.Throws<IOException>(() => LineJournal.Open(Path));
        using var shared = LineJournal.Open(Path, FileShare.Read);
        shared.Append("seen"u8.ToArray());
        shared.Flush(toDisk: false);
        Assert.Equal(["seen"], LineJournal.Read(Path).Select(line => line.Text));
    }
}
