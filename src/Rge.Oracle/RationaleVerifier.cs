using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Rge.Data;
using Rge.Files;

namespace Rge.Oracle;

/// <summary>
/// Ranks the right target of rows, without a rationale and with theirs, among the row's own hard negatives and a pool of its dataset's
/// targets that is drawn once.
/// </summary>
internal sealed class RationaleVerifier
{
    private readonly ReasoningEmbedder _embedder;
    private readonly TargetItem[] _pool;
    private IReadOnlyList<(TargetItem Target, ReadOnlyMemory<float> Vector)>? _embeddedPool;

    /// <param name="embedder">The model; borrowed.</param>
    /// <param name="dataset">All rows of the dataset.</param>
    /// <param name="candidates">Maximum number of targets in the pool.</param>
    /// <param name="seed">Seed of the pool.</param>
    public RationaleVerifier(ReasoningEmbedder embedder, IReadOnlyList<TrainingSample> dataset, int candidates, ulong seed)
    {
        _embedder = embedder;
        TargetItem[] targets =
        [
            .. dataset
                .Where(sample => sample.Targets.Count > 0)
                .Select(sample => sample.Targets[0])
                .DistinctBy(target => target.Key, StringComparer.Ordinal),
        ];
        var name = BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(dataset[0].Dataset)));
        SplitMix64.At(seed, name).Shuffle<TargetItem>(targets);
        _pool = targets[..Math.Min(candidates, targets.Length)];
    }

    /// <summary>Key of a row together with its rationale.</summary>
    public static string KeyOf(OracleRow row, string rationale) => OracleRow.KeyOf(row.Key, rationale);

    /// <summary>Judges the rationales of rows.</summary>
    public async Task<RationaleVerdict[]> JudgeAsync(
        IReadOnlyList<(OracleRow Row, string Rationale)> rows,
        CancellationToken cancellationToken
    )
    {
        _embeddedPool ??= await EmbedPoolAsync(cancellationToken);
        var targets = rows.SelectMany(row =>
                (EmbeddingInput[])[row.Row.Sample.Targets[0].Item, .. row.Row.Sample.Negatives.Select(negative => negative.Item)]
            )
            .Distinct<EmbeddingInput>(ReferenceEqualityComparer.Instance)
            .ToArray();
        EmbeddingInput[] items =
        [
            .. targets,
            .. rows.Select(row => row.Row.Sample.Query with { Reasoning = ReasoningMode.Off }),
            .. rows.Select(row => row.Row.Sample.Query with { Rationale = row.Rationale }),
        ];
        var embedded = await EmbedAsync(items, cancellationToken);
        var vectors = new Dictionary<EmbeddingInput, Embedded>(
            targets.Zip(embedded, KeyValuePair.Create),
            ReferenceEqualityComparer.Instance
        );
        return
        [
            .. rows.Select(
                (row, i) => Judge(row.Row, row.Rationale, embedded[targets.Length + i], embedded[targets.Length + rows.Count + i], vectors)
            ),
        ];
    }

    private RationaleVerdict Judge(
        OracleRow row,
        string rationale,
        Embedded without,
        Embedded with,
        Dictionary<EmbeddingInput, Embedded> vectors
    )
    {
        var sample = row.Sample;
        var verdict = new RationaleVerdict
        {
            Dataset = row.Dataset,
            Row = row.Number,
            Key = KeyOf(row, rationale),
        };
        var right = vectors[sample.Targets[0].Item];
        if ((right.Problem ?? without.Problem ?? with.Problem) is { } problem)
            return verdict with { Problem = problem };

        var own = sample.Targets.Select(target => target.Key).ToHashSet(StringComparer.Ordinal);
        ReadOnlyMemory<float>[] others =
        [
            .. _embeddedPool!.Where(other => !own.Contains(other.Target.Key)).Select(other => other.Vector),
            .. sample
                .Negatives.Where(negative => !own.Contains(negative.Key))
                .Select(negative => vectors[negative.Item])
                .Where(negative => negative.Problem is null)
                .Select(negative => negative.Vector),
        ];
        var (rankWithout, marginWithout) = Rank(without.Vector);
        var (rankWith, marginWith) = Rank(with.Vector);
        return verdict with { RankWithout = rankWithout, RankWith = rankWith, MarginWithout = marginWithout, MarginWith = marginWith };

        (int Rank, float Margin) Rank(ReadOnlyMemory<float> query)
        {
            var score = Similarity.Cosine(query.Span, right.Vector.Span);
            float[] scores = [.. others.Select(other => Similarity.Cosine(query.Span, other.Span))];
            return (1 + scores.Count(other => other > score), scores.Length == 0 ? 0 : score - scores.Max());
        }
    }

    private async Task<IReadOnlyList<(TargetItem, ReadOnlyMemory<float>)>> EmbedPoolAsync(CancellationToken cancellationToken)
    {
        var embedded = await EmbedAsync(Array.ConvertAll(_pool, target => target.Item), cancellationToken);
        return [.. _pool.Zip(embedded).Where(pair => pair.Second.Problem is null).Select(pair => (pair.First, pair.Second.Vector))];
    }

    private async Task<Embedded[]> EmbedAsync(EmbeddingInput[] items, CancellationToken cancellationToken) =>
        [
            .. (await _embedder.TryEmbedAsync(items, cancellationToken: cancellationToken)).Select(result => new Embedded(
                result.Embedding?.Vector ?? default,
                result.Error?.Problem
            )),
        ];

    private sealed record Embedded(ReadOnlyMemory<float> Vector, string? Problem);
}
