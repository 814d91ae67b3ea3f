using Rge.Files;
using Rge.ShapeWorld.Scenes;
using Rge.ShapeWorld.Tasks;

namespace Rge.ShapeWorld.Tests;

/// <summary>What every dataset promises of its questions, before they are drawn.</summary>
public sealed class ShapeTaskTests
{
    private const int Groups = 150;

    public static TheoryData<string> Datasets { get; } = [.. ShapeTasks.All.Select(task => task.Name)];

    [Theory]
    [MemberData(nameof(Datasets))]
    public void Rationale_and_answer_follow_from_query_and_scene(string dataset)
    {
        foreach (var question in Draw(dataset).SelectMany(group => group))
        {
            var (rationale, answer) = Interpreter.Solve(dataset, question.Text, question.Scene);
            Assert.Equal(rationale, question.Rationale);
            var actual = question.Answer!;
            if (actual.Text is { } text)
                Assert.Equal(answer, text);
            else if (actual.Cell is { } cell)
                Assert.Equal((question.Scene, answer), (actual.Scene, cell.ToString().ToLowerInvariant()));
            else
                Assert.Equal(answer, Interpreter.Of(actual.Scene!).Listing);
        }
    }

    [Theory]
    [MemberData(nameof(Datasets))]
    public void Answers_of_a_group_differ_and_no_negative_is_right(string dataset)
    {
        foreach (var group in Draw(dataset))
        {
            Assert.Equal(ShapeTask.GroupSize, group.Select(question => question.Answer!.Key).Distinct().Count());
            var right = group.Select(question => question.Answer!.Key).ToHashSet();
            Assert.All(group, question => Assert.DoesNotContain(question.Negatives, negative => right.Contains(negative.Key)));
            Assert.All(group, question =>
                Assert.Equal(question.Negatives.Count, question.Negatives.Select(negative => negative.Key).Distinct().Count())
            );
        }
    }

    [Fact]
    public void Twins_are_to_be_told_from_those_in_the_other_order()
    {
        var questions = Draw("cls_twins").SelectMany(group => group).ToArray();
        Assert.True(questions.Average(question => question.Negatives.Count) > 2);
        Assert.Contains(questions, question =>
            question.Answer!.Text!.Split(' ') is [var first, var second, _]
            && first != second
            && question.Negatives.Any(negative => negative.Text == $"{second} {first} twins")
        );
    }

    [Fact]
    public void Crops_are_to_be_told_from_all_others_of_the_scene()
    {
        foreach (var group in Draw("grd_same"))
        {
            var scene = group[0].Scene!;
            Assert.Equal(
                scene.Objects.Select(placed => Answer.CropKey(placed.Kind)).Distinct().Order(StringComparer.Ordinal),
                group
                    .SelectMany(question => question.Negatives.Prepend(question.Answer!))
                    .Select(answer => answer.Key)
                    .Distinct()
                    .Order(StringComparer.Ordinal)
            );
        }
    }

    [Theory]
    [MemberData(nameof(Datasets))]
    public void Every_scene_is_of_the_split(string dataset)
    {
        foreach (var split in Enum.GetValues<WorldSplit>())
        foreach (var question in Draw(dataset, split, 20).SelectMany(group => group))
            Assert.All(
                question.Negatives.Prepend(question.Answer!).Select(answer => answer.Scene).Append(question.Scene).OfType<Scene>(),
                scene => Assert.Equal(split, scene.Split)
            );
    }

    [Theory]
    [MemberData(nameof(Datasets))]
    public void Words_are_few_and_of_the_vocabulary(string dataset)
    {
        var known = ShapeWorldVocabulary.Words.ToHashSet();
        foreach (var question in Draw(dataset).SelectMany(group => group))
        {
            if (dataset == "ret_t2i")
                Assert.Empty(question.Rationale);
            else
                Assert.InRange(question.Rationale.Split(' ').Length, 8, 37);
            Assert.InRange(question.Text.Split(' ').Length, 3, 32);
            var texts = question
                .Negatives.Prepend(question.Answer!)
                .Select(answer => answer.Text ?? "")
                .Append(question.Text)
                .Append(question.Rationale);
            Assert.All(texts.SelectMany(text => text.Split(' ', StringSplitOptions.RemoveEmptyEntries)), word =>
                Assert.Contains(word, known)
            );
        }
    }

    [Theory]
    [MemberData(nameof(Datasets))]
    public void Groups_are_one_scene_or_are_nearly_alike(string dataset)
    {
        foreach (var group in Draw(dataset))
        {
            var shared = group.Select(question => question.Scene).Distinct().Count();
            if (dataset[..3] is "vqa" or "grd" || dataset == "ret_comp")
                Assert.Equal(1, shared);
            var shown = group
                .Select(question => dataset == "ret_comp" || question.Scene is null ? question.Answer!.Scene! : question.Scene)
                .ToList();
            // Edits of one object, and of one that was moved, touch two cells; two of them four. A class that is renamed all over is
            // another matter.
            if (dataset != "cls_major")
                Assert.All(shown, scene => Assert.InRange(Grid.Cells.Count(cell => scene[cell]?.Kind != shown[0][cell]?.Kind), 0, 4));
        }
    }

    [Fact]
    public void Counts_are_equally_common() =>
        Assert.All(Draw("vqa_count"), group =>
            Assert.Equal(["four", "one", "three", "two"], group.Select(question => question.Answer!.Text!).Order())
        );

    [Fact]
    public void Scenes_have_as_many_objects_as_they_should()
    {
        foreach (
            var (dataset, least, most) in ((string, int, int)[])
                [
                    ("cls_major", 6, 7),
                    ("cls_twins", 5, 6),
                    ("cls_row", 5, 6),
                    ("vqa_path", 5, 7),
                    ("vqa_count", 5, 6),
                    ("ret_i2t", 4, 6),
                    ("ret_comp", 4, 5),
                ]
        )
            Assert.All(Draw(dataset).SelectMany(group => group), question => Assert.InRange(question.Scene!.Objects.Count, least, most));
        Assert.All(Draw("ret_t2i").SelectMany(group => group), question => Assert.InRange(question.Answer!.Scene!.Objects.Count, 4, 5));
        Assert.All(Draw("ret_comp").SelectMany(group => group), question => Assert.InRange(question.Answer!.Scene!.Objects.Count, 3, 5));
    }

    private static IEnumerable<IReadOnlyList<Question>> Draw(string dataset, WorldSplit split = WorldSplit.Train, int groups = Groups)
    {
        var task = ShapeTasks.All.Single(candidate => candidate.Name == dataset);
        return Enumerable.Range(0, groups).Select(i => task.Draw(SplitMix64.At(5, (ulong)i), split));
    }
}
