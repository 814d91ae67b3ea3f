using System.Security.Cryptography;
using System.Text;
using Rge.Data;
using Rge.Files;
using Rge.Imaging;
using Rge.ShapeWorld.Scenes;
using Rge.ShapeWorld.Tasks;

namespace Rge.ShapeWorld.Tests;

/// <summary>
/// The datasets beyond words: the words of a rationale leave half of the candidates, pixels and conclusion together one, and the pixels of
/// the query without the rationale the wrong one.
/// </summary>
public sealed class BeyondWordsTests
{
    private const int Groups = 60,
        Rows = 16,
        Candidates = 32;

    public static TheoryData<string> Datasets { get; } = [.. ShapeTasks.BeyondWords.Select(task => task.Name)];

    [Theory]
    [MemberData(nameof(Datasets))]
    public void Rationale_and_answer_follow_from_query_and_scene(string dataset)
    {
        foreach (var question in Draw(dataset, WorldSplit.Train).SelectMany(group => group))
        {
            var (rationale, answer) = Interpreter.Solve(dataset, question.Text, question.Scene);
            Assert.Equal(rationale, question.Rationale);
            var (shown, right) = (question.Scene!, question.Answer!.Scene!);
            switch (dataset)
            {
                case "ret_twin":
                    Assert.Equal(answer, Interpreter.Of(right).Listing);
                    Assert.Equal(shown.Objects.Select(placed => placed.Object.Size), right.Objects.Select(placed => placed.Object.Size));
                    Assert.Same(shown.Look, right.Look);
                    break;
                case "ret_aspect":
                    var same = Assert.Single(Grid.Cells, cell => shown[cell]?.Kind is { } kind && right[cell]?.Kind == kind);
                    Assert.Equal(answer, same.ToString().ToLowerInvariant());
                    Assert.Equal((shown[same], shown.Look![same]), (right[same], right.Look![same]));
                    break;
                default:
                    Assert.Same(shown, right);
                    Assert.Equal(answer, question.Answer.Cell.ToString()!.ToLowerInvariant());
                    break;
            }
        }
    }

    [Theory]
    [MemberData(nameof(Datasets))]
    public void Answers_of_a_group_differ_and_no_negative_is_right(string dataset)
    {
        foreach (var group in Draw(dataset, WorldSplit.Train))
        {
            var right = group.Select(question => question.Answer!.Key).ToHashSet();
            Assert.Equal(ShapeTask.GroupSize, right.Count);
            foreach (var question in group)
            {
                Assert.Equal(2, question.Negatives.Select(negative => negative.Key).Distinct().Count());
                Assert.DoesNotContain(question.Negatives, negative => right.Contains(negative.Key));
                // At least one is told from the right answer by its look alone.
                Assert.Contains(question.Negatives, negative => IsSaidBy(question, negative));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Datasets))]
    public void Words_are_few_and_of_the_vocabulary(string dataset)
    {
        var known = ShapeWorldVocabulary.Words.ToHashSet();
        foreach (var question in Draw(dataset, WorldSplit.Train).SelectMany(group => group))
        {
            Assert.InRange(question.Rationale.Split(' ').Length, 8, 37);
            Assert.InRange(question.Text.Split(' ').Length, 3, 32);
            Assert.All($"{question.Text} {question.Rationale}".Split(' '), word => Assert.Contains(word, known));
        }
    }

    [Theory]
    [MemberData(nameof(Datasets))]
    public void Every_scene_is_of_the_split(string dataset)
    {
        foreach (var split in Enum.GetValues<WorldSplit>())
        foreach (var question in Draw(dataset, split, 8).SelectMany(group => group))
            Assert.All(
                Wrong(dataset, question).Concat(question.Negatives).Append(question.Answer!).Select(answer => answer.Scene!),
                scene => Assert.Equal(split, scene.Split)
            );
    }

    [Theory]
    [MemberData(nameof(Datasets))]
    public void The_words_of_the_conclusion_leave_half_of_the_candidates(string dataset)
    {
        foreach (var question in Draw(dataset, WorldSplit.Dev, 8).SelectMany(group => group))
        {
            Answer[] all = [question.Answer!, .. Wrong(dataset, question)];
            Assert.Equal(Candidates, all.Select(answer => answer.Key).Distinct().Count());
            Assert.True(IsSaidBy(question, all[0]));
            Assert.Equal(Candidates / 2, all.Count(answer => IsSaidBy(question, answer)));
        }
    }

    [Theory]
    [MemberData(nameof(Datasets))]
    public void Pixels_and_conclusion_together_leave_one(string dataset)
    {
        foreach (var row in Evaluation(dataset).Rows)
        {
            Assert.Equal(Candidates, row.Candidates.Count);
            var seen = Read(Image(row.Query));
            var words = Rationales.Conclusion(row.Rationale!).Split(' ');
            var right = dataset switch
            {
                "ret_twin" => NearestTo(row, SceneRenderer.Render(Named(seen, words), seen.Look!, new SplitMix64(1))),
                "ret_aspect" => Only(row, candidate => At(candidate, CellOf(words[0])) == At(Image(row.Query), CellOf(words[0]))),
                _ => NearestTo(row, SceneRenderer.Crop(SceneRenderer.Render(seen, seen.Look!, new SplitMix64(1)), EndOf(row.Rationale!))),
            };
            Assert.Equal(0, right);
        }
    }

    [Theory]
    [MemberData(nameof(Datasets))]
    public void The_pixels_of_the_query_alone_do_not_tell(string dataset)
    {
        foreach (var row in Evaluation(dataset).Rows)
        {
            var image = Image(row.Query);
            if (dataset != "grd_twin")
            {
                Assert.NotEqual(0, NearestTo(row, image));
                continue;
            }
            var own = Grid.Cells.Select(cell => SceneRenderer.Crop(image, cell).Pixels).ToList();
            Assert.InRange(row.Candidates.Count(candidate => own.Exists(pixels => pixels.SequenceEqual(Image(candidate).Pixels))), 3, 7);
        }
    }

    [Fact]
    public void Replaced_kinds_are_put_in_several_places()
    {
        foreach (var question in Draw("ret_twin", WorldSplit.Test, 8).SelectMany(group => group))
        {
            var (shown, right) = (question.Scene!, question.Answer!.Scene!);
            var put = right.Objects.Single(placed => shown[placed.Cell] != placed.Object).Kind;
            // Who looks for the new kind alone finds it in other places too, seen in the same look.
            Assert.InRange(
                Wrong("ret_twin", question)
                    .Count(wrong =>
                        wrong.Scene!.Look == shown.Look
                        && wrong.Scene.Layout != right.Layout
                        && wrong.Scene.Count(placed => placed.Kind == put) == 1
                    ),
                3,
                12
            );
        }
    }

    /// <summary>Holds every text and pixel: who changes them changes the datasets, and has to say so here.</summary>
    [Theory]
    [InlineData("ret_twin", "C214BF9655DDF793")]
    [InlineData("ret_aspect", "A53D1F2734733111")]
    [InlineData("grd_twin", "D8A2F29A68CE5959")]
    public void The_streams_are_what_they_were(string dataset, string expected)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var samples = new ShapeWorldSamples(1, WorldSplit.Train, new Dictionary<string, double> { [dataset] = 1 });
        for (var index = 0; index < 4; index++)
            foreach (var sample in samples.Group(index))
            {
                hash.AppendData(Encoding.UTF8.GetBytes($"{sample.Query.Text}|{sample.Rationale}\n"));
                foreach (var item in sample.Targets.Concat(sample.Negatives))
                {
                    hash.AppendData(Encoding.UTF8.GetBytes(item.Key));
                    hash.AppendData(Image(item.Item).Pixels);
                }
            }
        foreach (var row in ShapeWorldEvaluation.Create(WorldSplit.Dev, 1, 2, [dataset]).Single().Rows)
        foreach (var candidate in row.Candidates)
            hash.AppendData(Image(candidate).Pixels);
        Assert.Equal(expected, Convert.ToHexString(hash.GetHashAndReset())[..16]);
    }

    /// <summary>Whether every word of a question's conclusion is true of an answer.</summary>
    private static bool IsSaidBy(Question question, Answer answer)
    {
        var (conclusion, scene) = (Rationales.Conclusion(question.Rationale), answer.Scene!);
        if (answer.Cell is { } cell)
            return Interpreter.Of(new Scene([new PlacedObject(cell, scene[cell]!.Value)])).Listing
                == $"{cell.ToString().ToLowerInvariant()} {conclusion}";
        var listing = Interpreter.Of(scene).Listing;
        return question.Focus is null ? listing == conclusion : $" {listing} ".Contains($" {conclusion} ", StringComparison.Ordinal);
    }

    /// <summary>What a drawing shows: objects, sizes, places, and the light in which a drawing of these is most like it.</summary>
    private static Scene Read(RgbImage image)
    {
        var found = Grid.Cells.Select(cell => (Cell: cell, Found: ObjectRecognizer.Recognize(SceneRenderer.Crop(image, cell)))).ToList();
        var scene = new Scene(found.Where(one => one.Found is not null).Select(one => new PlacedObject(one.Cell, one.Found!.Value.Object)));
        var look = SceneLook.Draw(new SplitMix64(1), scene);
        foreach (var (cell, one) in found)
            look = look.WithOffset(cell, one?.Offset ?? (0, 0));
        var light = Enumerable
            .Range(SceneLook.LeastLight, SceneLook.MostLight - SceneLook.LeastLight + 1)
            .MinBy(light => Distance(image, SceneRenderer.Render(scene, look.WithLight(light), new SplitMix64(1))));
        return scene.Seen(look.WithLight(light));
    }

    /// <summary>The scene with the kinds that a listing names, each in the size of what is in its cell.</summary>
    private static Scene Named(Scene scene, string[] listing)
    {
        foreach (var words in listing.Chunk(3))
        {
            var kind = ObjectKind.All.Single(kind => kind.ToString() == $"{words[1]} {words[2]}");
            scene = scene.With(CellOf(words[0]), scene[CellOf(words[0])]!.Value with { Kind = kind });
        }
        return scene;
    }

    private static (SceneObject, (int, int))? At(RgbImage image, Cell cell) => ObjectRecognizer.Recognize(SceneRenderer.Crop(image, cell));

    private static Cell CellOf(string word) => Enum.Parse<Cell>(word, ignoreCase: true);

    /// <summary>The cell that a path ends in: "… right center pink square so pink square".</summary>
    private static Cell EndOf(string rationale) => CellOf(rationale.Split(' ')[^6]);

    private static int NearestTo(EvaluationRow row, RgbImage image) =>
        Enumerable.Range(0, row.Candidates.Count).MinBy(i => Distance(image, Image(row.Candidates[i])));

    private static int Only(EvaluationRow row, Func<RgbImage, bool> fits) =>
        Assert.Single(Enumerable.Range(0, row.Candidates.Count), i => fits(Image(row.Candidates[i])));

    private static long Distance(RgbImage one, RgbImage other) => one.Pixels.Zip(other.Pixels, (a, b) => (long)(a - b) * (a - b)).Sum();

    private static RgbImage Image(EmbeddingInput item) => item.Images.Single().Decode();

    private static EvaluationDataset Evaluation(string dataset) => ShapeWorldEvaluation.Create(WorldSplit.Dev, 3, Rows, [dataset]).Single();

    private static IEnumerable<Answer> Wrong(string dataset, Question question) =>
        Task(dataset).Candidates(SplitMix64.At(6, (ulong)question.Text.Length), question);

    private static IEnumerable<IReadOnlyList<Question>> Draw(string dataset, WorldSplit split, int groups = Groups) =>
        Enumerable.Range(0, groups).Select(i => Task(dataset).Draw(SplitMix64.At(5, (ulong)i), split));

    private static BeyondWordsTask Task(string dataset) => ShapeTasks.BeyondWords.Single(task => task.Name == dataset);
}
