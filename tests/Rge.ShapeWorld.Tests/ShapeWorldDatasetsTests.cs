using Rge.ShapeWorld.Scenes;

namespace Rge.ShapeWorld.Tests;

public sealed class ShapeWorldDatasetsTests
{
    [Fact]
    public void Nothing_stands_for_the_eleven() => Assert.Equal(ShapeWorldSamples.Datasets, ShapeWorldDatasets.Choose([]));

    [Fact]
    public void Sets_and_names_go_together_and_nothing_is_chosen_twice()
    {
        Assert.Equal(["ret_twin", "ret_aspect", "grd_twin"], ShapeWorldDatasets.Choose(["beyond-words", "ret_twin"]));
        Assert.Equal(["vqa_path", "ret_twin"], ShapeWorldDatasets.Choose(["ret_twin", "vqa_path"]));
        Assert.Equal(ShapeWorldDatasets.Every, ShapeWorldDatasets.Choose(["beyond-words", "standard"]));
        Assert.Equal(ShapeWorldSamples.Datasets, ShapeWorldDatasets.Every.Take(11));
    }

    [Fact]
    public void Unknown_names_are_refused() =>
        Assert.Contains(
            "'ret_twins' is not known, expected any of standard, beyond-words, cls_major,",
            Assert.Throws<ArgumentException>(() => ShapeWorldDatasets.Choose(["ret_twins"])).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void Datasets_beyond_words_are_drawn_where_they_are_named_and_only_there()
    {
        var weights = new Dictionary<string, double> { ["ret_aspect"] = 1, ["cls_row"] = 1 };
        var drawn = Enumerable
            .Range(0, 40)
            .Select(i => new ShapeWorldSamples(1, WorldSplit.Train, weights).Group(i)[0].Dataset)
            .ToHashSet();
        Assert.Equal(["cls_row", "ret_aspect"], drawn.Order());
        Assert.Equal("retrieval", ShapeWorldSamples.MetaTaskOf("ret_aspect"));
        Assert.Equal("grounding", ShapeWorldSamples.MetaTaskOf("grd_twin"));
        Assert.Equal(11, ShapeWorldEvaluation.Create(WorldSplit.Dev, 1, 1).Count);
    }

    [Fact]
    public void A_dataset_is_the_same_whatever_others_are_made_with_it() =>
        Assert.Equal(
            ShapeWorldEvaluation.Create(WorldSplit.Dev, 1, 3, ["beyond-words"])[1].Rows.Select(row => row.Query.Text),
            ShapeWorldEvaluation.Create(WorldSplit.Dev, 1, 3, ["ret_aspect"]).Single().Rows.Select(row => row.Query.Text)
        );
}
