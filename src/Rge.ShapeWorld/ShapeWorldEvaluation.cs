using Rge.Data;
using Rge.Files;
using Rge.ShapeWorld.Scenes;
using Rge.ShapeWorld.Tasks;

namespace Rge.ShapeWorld;

/// <summary>Makes the evaluation sets: MMEB's form, each row with its own candidates.</summary>
/// <remarks>
/// Candidates, the right one first. Classification: the 100 classes of the dataset. VQA: 130 answers, the same for its three datasets: the
/// 100 kinds, 10 colours, 10 shapes, the numbers one to nine and "nothing". Retrieval: 256 images or captions, those of the row's own
/// group first, which are one or two edits away, then those of other rows. Grounding: 100 crops, one of each kind, which come from the
/// row's own scene where that has the kind. The datasets of <see cref="ShapeWorldDatasets.BeyondWords"/>: 32 images or crops, 15 wrong ones
/// that the same words describe, then 16 that look like the query and that they do not describe.
/// </remarks>
public static class ShapeWorldEvaluation
{
    /// <summary>Candidates of a retrieval row, when there are rows enough to take them from.</summary>
    public const int RetrievalCandidates = 256;

    private static readonly string[] SingleAnswers =
    [
        .. ObjectKind.All.Select(SceneWords.Name),
        .. Enum.GetValues<ObjectColor>().Select(SceneWords.Name),
        .. Enum.GetValues<ObjectShape>().Select(SceneWords.Name),
        .. Enumerable.Range(1, 9).Select(SceneWords.Name),
        "nothing",
    ];

    /// <summary>Makes datasets.</summary>
    /// <param name="split">The split that scenes are drawn from.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="queriesPerDataset">Rows of each dataset; each with its own scene.</param>
    /// <param name="datasets">
    /// The datasets to make, as <see cref="ShapeWorldDatasets.Choose"/> takes them; <see langword="null"/> for the eleven of the benchmark.
    /// </param>
    /// <returns>The datasets. Rows share the instances of candidates, also across datasets.</returns>
    /// <exception cref="ArgumentException">A dataset is not known.</exception>
    public static IReadOnlyList<EvaluationDataset> Create(
        WorldSplit split,
        ulong seed,
        int queriesPerDataset,
        IReadOnlyCollection<string>? datasets = null
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(queriesPerDataset, 1);
        var chosen = ShapeWorldDatasets.Choose(datasets ?? []);
        var texts = new Dictionary<string, TargetItem>(StringComparer.Ordinal);
        var crops = new Lazy<TargetItem[]>(() => DrawCrops(split, seed));
        return
        [
            .. ShapeTasks
                .Every.Index()
                .Where(task => chosen.Contains(task.Item.Name, StringComparer.Ordinal))
                .Select(task => Make(task.Item, task.Index)),
        ];

        EvaluationDataset Make(ShapeTask task, int number)
        {
            var entries = new Entry[queriesPerDataset];
            for (var i = 0; i < entries.Length; i++)
            {
                var random = SplitMix64.At(seed, (ulong)split, (ulong)WorldStream.Evaluation, (ulong)number, (ulong)i);
                var (questions, illustrator) = (task.Draw(random, split), new QuestionRenderer(random));
                // One row a group, so that rows are independent; the rest of the group are its hard candidates.
                var own = questions[i % questions.Count];
                var sample = illustrator.Sample(own, task.Name, $"{task.Name}, row {i + 1} of the {split} split with seed {seed}");
                entries[i] = new Entry(
                    own,
                    illustrator,
                    sample,
                    task is BeyondWordsTask beyond
                        ? [.. beyond.Candidates(random, own)]
                        : [.. own.Negatives, .. questions.Where(other => other != own).Select(other => other.Answer!)]
                );
            }
            return new EvaluationDataset(
                task.Name,
                task.Group,
                [
                    .. task.Group switch
                    {
                        _ when task is BeyondWordsTask => entries.Select(entry => Row(entry, entry.Hard.Select(entry.Illustrator.Target))),
                        MetaTasks.Classification => entries.Select(entry => Row(entry, Classes(task.Name, entry.Question).Select(Shared))),
                        MetaTasks.Vqa => entries.Select(entry => Row(entry, SingleAnswers.Select(Shared))),
                        MetaTasks.Retrieval => RetrievalRows(entries),
                        _ => entries.Select(entry => Row(entry, CropsFor(entry, crops.Value))),
                    },
                ]
            );
        }

        TargetItem Shared(string text)
        {
            if (!texts.TryGetValue(text, out var item))
                texts.Add(text, item = new TargetItem(EmbeddingInput.Target(text), Answer.FromText(text).Key));
            return item;
        }
    }

    /// <summary>A row whose right candidate is among the given ones, or goes before them.</summary>
    private static EvaluationRow Row(Entry entry, IEnumerable<TargetItem> candidates)
    {
        var (right, all) = (entry.Sample.Targets[0], candidates.ToArray());
        var first = Array.Find(all, candidate => candidate.Key == right.Key) ?? right;
        return new EvaluationRow
        {
            Source = entry.Sample.Source,
            Query = entry.Sample.Query,
            Candidates = [first.Item, .. all.Where(candidate => candidate.Key != right.Key).Select(candidate => candidate.Item)],
            Rationale = entry.Sample.Rationale,
        };
    }

    /// <summary>The classes of a dataset: the right text with the other kinds, or pairs of shapes, in its place.</summary>
    private static IEnumerable<string> Classes(string dataset, Question question)
    {
        var suffix = question.Answer!.Text!.Split(' ')[^1];
        var shapes = Enum.GetValues<ObjectShape>();
        return dataset == "cls_twins"
            ? from first in shapes
            from second in shapes
            select $"{SceneWords.Name(first)} {SceneWords.Name(second)} {suffix}"
            : ObjectKind.All.Select(kind => $"{SceneWords.Name(kind)} {suffix}");
    }

    private static IEnumerable<EvaluationRow> RetrievalRows(Entry[] entries)
    {
        var hard = Array.ConvertAll(entries, entry => entry.Hard.Select(entry.Illustrator.Target).ToArray());
        for (var i = 0; i < entries.Length; i++)
        {
            // Targets of the next rows, then, where rows are few, what is hard for them.
            var others = Enumerable.Range(1, entries.Length - 1).Select(step => (i + step) % entries.Length).ToArray();
            var candidates = hard[i]
                .Prepend(entries[i].Sample.Targets[0])
                .Concat(others.Select(other => entries[other].Sample.Targets[0]))
                .Concat(others.SelectMany(other => hard[other]));
            yield return Row(
                entries[i],
                candidates.DistinctBy(candidate => candidate.Key, StringComparer.Ordinal).Take(RetrievalCandidates)
            );
        }
    }

    private static IEnumerable<TargetItem> CropsFor(Entry entry, TargetItem[] crops)
    {
        var scene = entry.Question.Scene!;
        var own = scene
            .Objects.Select(placed => entry.Illustrator.Target(Answer.Crop(scene, placed.Cell)))
            .Prepend(entry.Sample.Targets[0])
            .DistinctBy(item => item.Key, StringComparer.Ordinal)
            .ToDictionary(item => item.Key, StringComparer.Ordinal);
        return crops.Select(crop => own.GetValueOrDefault(crop.Key, crop));
    }

    /// <summary>A crop of every kind from a scene of its own.</summary>
    private static TargetItem[] DrawCrops(WorldSplit split, ulong seed) =>
        [
            .. ObjectKind.All.Select(kind =>
            {
                var random = SplitMix64.At(seed, (ulong)split, (ulong)WorldStream.Crops, (ulong)kind.Index);
                while (true)
                {
                    var scene = Pretraining.DrawScene(random, split);
                    var cell = scene.Objects[0].Cell;
                    scene = scene.With(cell, scene.Objects[0].Object with { Kind = kind });
                    if (scene.Split == split)
                        return new QuestionRenderer(random).Target(Answer.Crop(scene, cell));
                }
            }),
        ];

    private sealed record Entry(Question Question, QuestionRenderer Illustrator, TrainingSample Sample, Answer[] Hard);
}
