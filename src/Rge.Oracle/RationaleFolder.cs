using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Rge.Data.Mmeb;
using Rge.Files;

namespace Rge.Oracle;

/// <summary>
/// The files of a run: <c>answers.jsonl</c> and <c>verdicts.jsonl</c>, journals that grow as it works; made of them, and whole or not there
/// at all, <c>DATASET/train.jsonl</c>, <c>rejected.jsonl</c>, <c>failed.jsonl</c>, <c>report.md</c> and <c>report.json</c>.
/// </summary>
internal sealed class RationaleFolder(string root)
{
    private static readonly JsonSerializerOptions Line = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public string Answers => PathOf("answers.jsonl");

    public string Verdicts => PathOf("verdicts.jsonl");

    /// <summary>Makes the folder, or sees that it is one of this kind.</summary>
    /// <exception cref="OracleException">The folder contains other files.</exception>
    public void Prepare()
    {
        Directory.CreateDirectory(root);
        if (!File.Exists(Answers) && !FolderLock.IsAloneIn(root))
            throw new OracleException(
                $"{root} is not empty and has no {Path.GetFileName(Answers)} of an earlier run: name a folder that does not exist yet."
            );
    }

    /// <summary>Deletes what interrupted writes have left. Only for the run that holds the journal.</summary>
    public void Tidy()
    {
        foreach (var part in Directory.EnumerateFiles(root, "*.part", SearchOption.AllDirectories).ToArray())
            File.Delete(part);
    }

    /// <summary>
    /// Writes the rows of a dataset with a kept rationale, or all rows, the others without one. Without rows no file is written.
    /// </summary>
    public void WriteRows(string dataset, IEnumerable<RationaleResult> results, string imageFolder, bool keepsAll)
    {
        RationaleResult[] kept = [.. results.Where(result => keepsAll || result.State == RationaleState.Kept)];
        var folder = PathOf(dataset);
        var path = Path.Combine(folder, "train.jsonl");
        if (kept.Length == 0)
        {
            if (File.Exists(path))
                File.Delete(path);
            return;
        }
        Directory.CreateDirectory(folder);
        MmebJsonLines.WriteTraining(
            path,
            kept.Select(result => result.Row.Sample with { Rationale = result.State == RationaleState.Kept ? result.Rationale : null }),
            imageFolder
        );
    }

    /// <summary>Writes the report, and what became of the rows that have no rationale to keep.</summary>
    public void Write(RationaleReport report)
    {
        WriteLines("rejected.jsonl", report.Results.Where(result => result.State is RationaleState.Rejected or RationaleState.NoHelp));
        WriteLines("failed.jsonl", report.Results.Where(result => result.State is RationaleState.Failed or RationaleState.Refused));
        AtomicFile.WriteText(PathOf("report.md"), report.ToMarkdown());
        AtomicFile.WriteJson(PathOf("report.json"), report.ToJson());
    }

    private void WriteLines(string name, IEnumerable<RationaleResult> results) => AtomicFile.Write(PathOf(name), stream =>
        {
            foreach (var result in results)
            {
                var line = new JsonObject
                {
                    ["dataset"] = result.Row.Dataset,
                    ["row"] = result.Row.Number,
                    ["reason"] = result.Reason,
                    ["detail"] = result.Detail,
                };
                if (result.Rationale is not null)
                    line["rationale"] = result.Rationale;
                stream.Write(Encoding.UTF8.GetBytes(line.ToJsonString(Line) + "\n"));
            }
        });

    private string PathOf(string name) => Path.Combine(root, name);
}
