using System.Text.Json.Nodes;

namespace Rge.Oracle.Tests;

/// <summary>Files that are no journal that can be opened.</summary>
public sealed class JournalFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rge-journal-").FullName;

    private string FilePath => Path.Combine(_folder, "journal.jsonl");

    [Fact]
    public void A_journal_that_another_run_has_open_is_told_so()
    {
        using var open = new FileStream(FilePath, FileMode.Create, FileAccess.ReadWrite, FileShare.None);
        Assert.Equal(
            $"{FilePath} cannot be opened: another process is using it; is another run at work in its folder?",
            Assert.Throws<OracleException>(Open).Message
        );
    }

    [Fact]
    public void What_cannot_be_opened_otherwise_is_no_other_run()
    {
        Directory.CreateDirectory(FilePath);
        Assert.Equal($"{FilePath} cannot be opened: it is a folder, expected a file.", Assert.Throws<OracleException>(Open).Message);
        Directory.Delete(_folder, recursive: true);
        Assert.Equal($"{FilePath} cannot be opened: it does not exist.", Assert.Throws<OracleException>(Open).Message);
        Directory.CreateDirectory(_folder);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Open() => new Journal<OracleAnswer>(FilePath, new JsonObject { ["of"] = "test" }).Dispose();
}
