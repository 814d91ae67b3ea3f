using Rge.Data;
using Rge.ShapeWorld.Scenes;

namespace Rge.ShapeWorld.Tests;

public sealed class ShapeWorldEvaluationTests
{
    private static readonly IReadOnlyList<EvaluationDataset> Datasets = ShapeWorldEvaluation.Create(WorldSplit.Dev, 1, 60);

    [Fact]
    public void Datasets_are_in_four_groups()
    {
        Assert.Equal(ShapeWorldSamples.Datasets, Datasets.Select(dataset => dataset.Name));
        Assert.Equal(["classification", "vqa", "retrieval", "grounding"], Datasets.Select(dataset => dataset.Group).Distinct());
        Assert.All(Datasets, dataset => Assert.Equal(60, dataset.Rows.Count));
    }

    [Fact]
    public void Rows_have_as_many_candidates_as_the_group_has()
    {
        foreach (var dataset in Datasets)
        {
            var expected = dataset.Group switch
            {
                "vqa" => 130,
                "retrieval" => 256,
                _ => 100,
            };
            Assert.All(dataset.Rows, row => Assert.Equal(expected, row.Candidates.Count));
        }
    }

    [Fact]
    public void The_right_candidate_is_first_and_no_other_means_the_same()
    {
        foreach (var row in Datasets.Where(dataset => dataset.Group is "classification" or "vqa").SelectMany(dataset => dataset.Rows))
        {
            var conclusion = Rationales.Conclusion(row.Rationale!);
            Assert.True(
                row.Candidates[0].Text == conclusion || row.Candidates[0].Text!.StartsWith(conclusion + " ", StringComparison.Ordinal)
            );
            Assert.Equal(row.Candidates.Count, row.Candidates.Select(candidate => candidate.Text).Distinct().Count());
        }
        foreach (var row in Datasets.Single(dataset => dataset.Name == "ret_i2t").Rows)
        {
            Assert.Equal(row.Rationale!.Split(' ').Order(), row.Candidates[0].Text!.Split(' ').Order());
            Assert.Equal(row.Candidates.Count, row.Candidates.Select(candidate => candidate.Text).Distinct().Count());
        }
        foreach (var row in Datasets.Where(dataset => dataset.Group is "grounding" or "retrieval").SelectMany(dataset => dataset.Rows))
            Assert.Equal(row.Candidates.Count, row.Candidates.Distinct().Count());
    }

    [Fact]
    public void Crops_of_the_own_scene_are_among_the_candidates()
    {
        foreach (var row in Datasets.Where(dataset => dataset.Group == "grounding").SelectMany(dataset => dataset.Rows))
        {
            var image = row.Query.Images.Single().Decode();
            var own = Grid.Cells.Select(cell => SceneRenderer.Crop(image, cell).Pixels).ToList();
            bool IsOwn(EmbeddingInput candidate) =>
                own.Exists(pixels => pixels.AsSpan().SequenceEqual(candidate.Images.Single().Decode().Pixels));
            Assert.True(IsOwn(row.Candidates[0]));
            Assert.InRange(row.Candidates.Count(IsOwn), 3, 7);
        }
    }

    [Fact]
    public void Rows_share_the_instances_of_candidates()
    {
        foreach (var group in Datasets.GroupBy(dataset => dataset.Group))
        {
            var unique = group
                .SelectMany(dataset => dataset.Rows)
                .SelectMany(row => row.Candidates)
                .Distinct(ReferenceEqualityComparer.Instance)
                .Count();
            Assert.InRange(
                unique,
                100,
                group.Key switch
                {
                    "classification" => 300,
                    "vqa" => 130,
                    "retrieval" => 3 * 60 * 6,
                    _ => 100 + 2 * 60 * 7,
                }
            );
        }
    }

    [Fact]
    public void Few_rows_have_the_candidates_there_are()
    {
        var dataset = ShapeWorldEvaluation.Create(WorldSplit.Test, 1, 3, ["ret_t2i"]).Single();
        Assert.All(dataset.Rows, row => Assert.Equal(3 * 5, row.Candidates.Count));
    }

    [Fact]
    public void Seeds_decide() =>
        Assert.Equal(
            [true, false],
            ((ulong[])[1, 2]).Select(seed =>
                ShapeWorldEvaluation
                    .Create(WorldSplit.Dev, seed, 60, ["vqa_path"])
                    .Single()
                    .Rows.Select(row => row.Query.Text)
                    .SequenceEqual(Datasets[3].Rows.Select(row => row.Query.Text))
            )
        );

    [Fact]
    public void Unknown_datasets_are_refused() =>
        Assert.Throws<ArgumentException>(() => ShapeWorldEvaluation.Create(WorldSplit.Dev, 1, 1, ["vqa_paths"]));
}
