using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Rge.Data;
using Rge.Data.Mmeb;
using Rge.Files;
using Rge.Imaging;
using Rge.Models;
using Rge.Text;

namespace Rge.Oracle;

/// <summary>
/// Requests oracle rationales for training rows from a model that sees query and right target, checks them, and writes rows that
/// <see cref="MmebReader"/> and training read. Resumes after a stop at any moment: answered rows are not asked about again.
/// </summary>
public sealed class RationaleJob
{
    private const int RowsAtOnce = 32;

    private readonly RationaleSettings _settings;
    private readonly VerifierSettings? _verifier;
    private readonly RationaleRules _rules;
    private readonly RationaleFolder _folder;
    private readonly string _images;
    private readonly IProgress<RationaleProgress>? _progress;
    private readonly TimeProvider _time;

    /// <summary>Sets up a job; nothing is asked or written yet.</summary>
    /// <param name="settings">Input, output and checks.</param>
    /// <param name="progress">Called after each row, and with the reason when requests wait; on any thread, also on several at
    /// once.</param>
    /// <param name="time">Clock of the waits between attempts; the system's when left out.</param>
    /// <exception cref="OracleException">The model to verify with takes no rationale.</exception>
    /// <exception cref="CheckpointException">The model to verify with has no tokenizer or image settings.</exception>
    public RationaleJob(RationaleSettings settings, IProgress<RationaleProgress>? progress = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        (_settings, _progress, _time) = (settings, progress, time ?? TimeProvider.System);
        (_rules, Asking) = (settings.Rules, settings.Oracle);
        if (settings.Verifier is { } verifier)
        {
            _verifier = verifier.WithPreset();
            var sources = ProcessorSources.Resolve(verifier.Model, verifier.Embedder.Model.Adapter);
            var tokens = QwenTokenizer.Load(sources.Tokenizer).SpecialTokens;
            _verifier.RequireRationales(tokens);
            _rules = settings.Rules with { SpecialTokens = [.. settings.Rules.SpecialTokens, .. tokens.Keys] };
            Asking = settings.Oracle with { Images = Turned(settings.Oracle.Images, verifier.Embedder.Images, sources) };
        }
        _folder = new RationaleFolder(settings.Output);
        _images = Path.GetFullPath(settings.Images ?? settings.Data);
    }

    /// <summary>
    /// How the endpoint is asked: <see cref="RationaleSettings.Oracle"/>, with images turned as those of the model that verifies, where
    /// that is left open.
    /// </summary>
    public OracleSettings Asking { get; }

    /// <summary>Options of images for the endpoint, which is to see what the model that verifies sees.</summary>
    private static ImageOptions Turned(ImageOptions images, ImageOptions? verifiers, ProcessorSources sources) =>
        images with
        {
            ExifOrientation = images.ExifOrientation
                ?? verifiers?.ExifOrientation
                ?? ImageProcessorConfig.FromFolder(sources.Images).ExifOrientation,
        };

    /// <summary>The first row that is to be asked about.</summary>
    /// <exception cref="DatasetException">The data cannot be used.</exception>
    /// <exception cref="OracleException">There is no row.</exception>
    public async Task<TrainingSample> FirstRowAsync(CancellationToken cancellationToken = default) =>
        (await ReadAsync(cancellationToken))[0].Rows[0].Sample;

    /// <summary>Asks, checks and writes.</summary>
    /// <param name="endpoint">The model that writes rationales; borrowed.</param>
    /// <param name="prompt">The prompt.</param>
    /// <param name="cancellationToken">Stops the work; received answers are kept.</param>
    /// <returns>The results of the rows, as written to the folder.</returns>
    /// <exception cref="DatasetException">The data cannot be used.</exception>
    /// <exception cref="OracleException">The folder belongs to another run, or the endpoint answers no request.</exception>
    /// <exception cref="CheckpointException">The model to verify with cannot be used.</exception>
    public async Task<RationaleReport> RunAsync(IChatClient endpoint, OraclePrompt prompt, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(prompt);
        if (Whole(_settings.Output) == Whole(_settings.Data))
            throw new OracleException($"{_settings.Output} is the data folder, expected another one to write to.");
        var subsets = await ReadAsync(cancellationToken);
        _folder.Prepare();
        using var held = Hold();
        // Model, prompt and what images look like make the rationales; what else is set may change on the way.
        var writer = new JsonObject { ["model"] = endpoint.GetService<ChatClientMetadata>()?.DefaultModelId, ["prompt"] = prompt.Digest };
        if (Asking.Images.ExifOrientation == true)
            writer["exif_orientation"] = true;
        using var journal = new Journal<OracleAnswer>(_folder.Answers, writer);
        _folder.Tidy();
        if (!_settings.Offline)
            await AskAsync(endpoint, prompt, journal, [.. subsets.SelectMany(subset => subset.Rows)], cancellationToken);

        var answers = journal.Latest();
        (Subset Subset, RationaleResult[] Rows)[] results =
        [
            .. subsets.Select(subset => (subset, subset.Rows.Select(row => Result(row, answers)).ToArray())),
        ];
        if (_verifier is { } verifier)
            await VerifyAsync(verifier, results, cancellationToken);
        foreach (var (subset, rows) in results)
            _folder.WriteRows(subset.Name, rows, _images, _settings.KeepAllRows);
        var report = new RationaleReport(
            _settings,
            endpoint.GetService<ChatClientMetadata>(),
            prompt,
            [.. results.SelectMany(pair => pair.Rows)],
            Tokens(journal)
        );
        _folder.Write(report);
        return report;

        FolderLock Hold()
        {
            try
            {
                return FolderLock.Take(_settings.Output);
            }
            catch (FolderInUseException e)
            {
                throw new OracleException(e.Message, e);
            }
        }

        static string Whole(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
    }

    private async Task<List<Subset>> ReadAsync(CancellationToken cancellationToken)
    {
        var samples = await MmebReader.ReadTrainingFolderAsync(
            _settings.Data,
            _settings.Images,
            _settings.Subsets.Count > 0 ? _settings.Subsets : null,
            _settings.IgnoredColumns,
            cancellationToken
        );
        var subsets = samples
            .GroupBy(sample => sample.Dataset, StringComparer.Ordinal)
            .Select(group =>
            {
                TrainingSample[] all = [.. group];
                // Rows without a target teach to write; there is nothing to lead to.
                var rows = all.Index()
                    .Where(row => row.Item.Targets.Count > 0)
                    .Select(row => OracleRow.Create(row.Item, row.Index + 1, _images));
                return new Subset(group.Key, all, [.. rows.Take(_settings.Limit ?? int.MaxValue)]);
            })
            .Where(subset => subset.Rows.Count > 0)
            .ToList();
        return subsets.Count > 0
            ? subsets
            : throw new OracleException($"{_settings.Data} has no row with a target, so that there is nothing to write rationales for.");
    }

    private async Task AskAsync(
        IChatClient endpoint,
        OraclePrompt prompt,
        Journal<OracleAnswer> journal,
        OracleRow[] all,
        CancellationToken cancellationToken
    )
    {
        var answers = journal.Latest();
        OracleRow[] rows =
        [
            .. all.Where(row =>
                Result(row, answers).State is var state
                && (_settings.Retry ? state != RationaleState.Kept : state is RationaleState.NotAsked or RationaleState.Failed)
            ),
        ];
        if (rows.Length == 0)
            return;

        var watch = Stopwatch.StartNew();
        var (done, failed) = (0, 0);
        var (input, output) = Tokens(journal);
        var client = new OracleClient(endpoint, prompt, Asking, _time, Report);
        try
        {
            await new OracleSession(client, Asking, journal, answer =>
            {
                done++;
                if (answer.Text is null)
                    failed++;
                (input, output) = (input + answer.InputTokens, output + answer.OutputTokens);
                Report(answer.Failure is { } failure ? $"{answer.Dataset}, row {answer.Row}: {failure}" : null);
            }).AskAsync(rows, cancellationToken);
        }
        catch (EndpointException e)
        {
            var address = endpoint.GetService<ChatClientMetadata>()?.ProviderUri?.GetLeftPart(UriPartial.Path);
            throw new OracleException(
                $"{address ?? "The endpoint"}: {e.Message.TrimEnd('.')}. "
                    + $"{journal.Latest().Values.Count(answer => answer.Failure is null)} answers are kept; the same command resumes "
                    + "from there.",
                e
            );
        }

        void Report(string? remark) =>
            _progress?.Report(
                new RationaleProgress
                {
                    Phase = "asking",
                    Done = all.Length - rows.Length + done,
                    Total = all.Length,
                    Failed = failed,
                    InputTokens = input,
                    OutputTokens = output,
                    TimeLeft = done > 0 ? watch.Elapsed / done * (rows.Length - done) : null,
                    Remark = remark,
                }
            );
    }

    private async Task VerifyAsync(
        VerifierSettings verifier,
        (Subset Subset, RationaleResult[] Rows)[] results,
        CancellationToken cancellationToken
    )
    {
        using var embedder = ReasoningEmbedder.Load(verifier.Model, verifier.Embedder);
        var header = new JsonObject
        {
            ["model"] = ModelFingerprint.Compute(embedder),
            ["number_type"] = verifier.Embedder.Model.DType?.ToString().ToLowerInvariant() ?? "stored",
            ["alpha"] = embedder.Processor.Images.Options.Alpha.ToString().ToLowerInvariant(),
            ["truncated_images"] = embedder.Processor.Images.Options.Truncated.ToString().ToLowerInvariant(),
            ["candidates"] = verifier.Candidates,
            ["seed"] = verifier.Seed,
        };
        using var journal = new Journal<RationaleVerdict>(_folder.Verdicts, header, startOver: true);
        var verdicts = journal.Latest();
        var watch = Stopwatch.StartNew();
        var (total, done, judged, dropped) = (results.Sum(pair => pair.Rows.Count(row => row.State == RationaleState.Kept)), 0, 0, 0);
        foreach (var (subset, rows) in results)
        {
            var judge = new RationaleVerifier(embedder, subset.Samples, verifier.Candidates, verifier.Seed);
            foreach (
                var indices in rows.Index().Where(row => row.Item.State == RationaleState.Kept).Select(row => row.Index).Chunk(RowsAtOnce)
            )
            {
                cancellationToken.ThrowIfCancellationRequested();
                int[] open = [.. indices.Where(i => !verdicts.ContainsKey(Identity(rows[i])))];
                if (open.Length > 0)
                {
                    var added = await judge.JudgeAsync([.. open.Select(i => (rows[i].Row, rows[i].Rationale!))], cancellationToken);
                    journal.Add(added);
                    foreach (var verdict in added)
                        verdicts.Add(verdict.Identity, verdict);
                }
                foreach (var i in indices)
                    rows[i] = rows[i].With(verdicts[Identity(rows[i])]);
                (done, judged, dropped) = (
                    done + indices.Length,
                    judged + open.Length,
                    dropped + indices.Count(i => rows[i].State == RationaleState.NoHelp)
                );
                _progress?.Report(
                    new RationaleProgress
                    {
                        Phase = "verifying",
                        Done = done,
                        Total = total,
                        Failed = dropped,
                        TimeLeft = judged > 0 ? watch.Elapsed / judged * (total - done) : null,
                    }
                );
            }
        }

        static RowIdentity Identity(RationaleResult result) =>
            new(result.Row.Dataset, result.Row.Number, RationaleVerifier.KeyOf(result.Row, result.Rationale!));
    }

    private RationaleResult Result(OracleRow row, Dictionary<RowIdentity, OracleAnswer> answers) =>
        RationaleResult.Create(row, answers.GetValueOrDefault(row.Identity), _rules);

    private static (long Input, long Output) Tokens(Journal<OracleAnswer> journal) =>
        (journal.Entries.Sum(answer => answer.InputTokens), journal.Entries.Sum(answer => answer.OutputTokens));

    private sealed record Subset(string Name, IReadOnlyList<TrainingSample> Samples, IReadOnlyList<OracleRow> Rows);
}
