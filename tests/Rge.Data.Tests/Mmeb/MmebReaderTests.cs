using Rge.Data.Mmeb;
using Rge.Files;
using Rge.ShapeWorld;
using Rge.ShapeWorld.Scenes;
using Rge.Tests.Shared;

namespace Rge.Data.Tests.Mmeb;

public sealed class MmebReaderTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Json_lines_are_read_like_parquet()
    {
        var dataset = await Evaluation(
            """
            {"qry_text": "<|image_1|>\nwhich?", "qry_img_path": "a.png", "tgt_text": ["yes", "no"], "tgt_img_path": ["", ""], "rationale": "so yes"}

            {"qry_text": "find it", "qry_img_path": "", "tgt_text": [null, "no", "<|image_1|> this"], "tgt_img_path": ["b/c.png", "", "a.png"]}
            """
        );
        Assert.Equal(("sub", "other", 2), (dataset.Name, dataset.Group, dataset.Rows.Count));
        var (first, second) = (dataset.Rows[0], dataset.Rows[1]);
        Assert.Equal(
            ("<|image_1|>\nwhich?", "so yes", $"{_scratch["rows.jsonl"]}, row 1"),
            (MmebText.Format(first.Query), first.Rationale, first.Source)
        );
        Assert.Equal(_scratch["images", "a.png"], first.Query.Images.Single().Name);
        Assert.Equal(["yes", "no"], first.Candidates.Select(candidate => candidate.Text));
        Assert.All(first.Candidates, candidate => Assert.Equal((ItemRole.Target, 0), (candidate.Role, candidate.Images.Count)));
        Assert.Equal([null, "no", "<|image_1|> this"], second.Candidates.Select(MmebText.Format));
        Assert.Null(second.Rationale);
        Assert.Same(first.Candidates[1], second.Candidates[1]);
        Assert.Same(first.Query.Images[0], second.Candidates[2].Images[0]);
    }

    [Theory]
    [InlineData("ImageNet-1K", "classification")]
    [InlineData("TextVQA", "vqa")]
    [InlineData("EDIS", "retrieval")]
    [InlineData("MSCOCO", "grounding")]
    [InlineData("MSCOCO_t2i", "retrieval")]
    public async Task Subsets_of_mmeb_have_their_meta_tasks(string name, string group) =>
        Assert.Equal(
            group,
            (
                await new MmebReader(_scratch.Path).ReadEvaluationAsync(
                    Write("rows.jsonl", """{"qry_text": "a", "tgt_text": ["b"]}"""),
                    name
                )
            ).Group
        );

    [Fact]
    public async Task Training_rows_are_read_with_and_without_negatives()
    {
        var samples = await Training(
            "rows.json",
            """
            [{"qry": "q", "qry_image_path": "a.png", "pos_text": "p", "pos_image_path": "", "neg_text": "", "neg_image_path": "", "rationale": "r"},
             {"qry": "q", "pos_text": ["p", "also"], "neg_text": "n", "neg_image_path": "b.png"},
             {"qry": "q", "pos_image_path": "a.png", "neg_text": ["n", "m"], "neg_key": ["k", null]}]
            """
        );
        Assert.Equal(["r", null, null], samples.Select(sample => sample.Rationale));
        Assert.Equal([0, 1, 2], samples.Select(sample => sample.Negatives.Count));
        Assert.Equal(["p", "also"], samples[1].Targets.Select(target => target.Item.Text));
        Assert.Equal(samples[0].Targets[0], samples[1].Targets[0]);
        Assert.Equal(("k", "m\n"), (samples[2].Negatives[0].Key, samples[2].Negatives[1].Key));
        Assert.All(samples, sample => Assert.Null(sample.Query.Rationale));
    }

    [Theory]
    [InlineData("""{"qry_text": "", "tgt_text": ["b"]}""", "row 1: qry_text and qry_img_path are empty, expected a text or an image.")]
    [InlineData("""{"qry_text": "a", "tgt_text": []}""", "row 1: tgt_text and tgt_img_path are empty, expected candidates.")]
    [InlineData(
        """{"qry_text": "a", "tgt_text": ["b", ""]}""",
        "row 1: value 2 of tgt_text and tgt_img_path is empty, expected a text or an image."
    )]
    [InlineData(
        """{"qry_text": "a", "tgt_text": ["b", "c"], "tgt_img_path": ["d"]}""",
        "row 1: tgt_text has 2 values and tgt_img_path has 1, expected as many."
    )]
    [InlineData("""{"qry_text": ["a", "b"], "tgt_text": ["b"]}""", "row 1: qry_text has 2 values, expected one.")]
    [InlineData("""{"qry_text": 3, "tgt_text": ["b"]}""", "row 1: qry_text is 3, expected a text or a list of texts.")]
    [InlineData("""{"qry_text": "a", "tgt_text": ["b", 4]}""", "row 1: tgt_text has 4, expected a text.")]
    [InlineData("""{"qry_text": "a", "qry_img_path": "../b.png", "tgt_text": ["b"]}""", "row 1: the image path '../b.png' leads out of ")]
    [InlineData("""{"qry_text": "a", "qry_img_path": "/b.png", "tgt_text": ["b"]}""", "row 1: the image path '/b.png' leads out of ")]
    [InlineData("[]", "row 1: the row is [], expected an object.")]
    [InlineData("{\"qry_text\": \"a\", \"tgt_text\": [\"b\"]}\n{", "row 2: not valid JSON: ")]
    [InlineData("""{"qry": "a"}""", "has no column tgt_text or tgt_img_path, expected the form of MMEB's evaluation sets.")]
    public async Task Errors_name_file_and_row(string lines, string message)
    {
        var error = await Assert.ThrowsAsync<DatasetException>(() => Evaluation(lines));
        Assert.StartsWith(_scratch["rows.jsonl"], error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""[{"qry": "a"}]""", "row 1: there is no target and no rationale, so that there is nothing to learn.")]
    [InlineData("""[{"qry": "a", "pos_text": "b", "pos_key": ["c", "d"]}]""", "row 1: pos_key has 2 values, expected 1.")]
    [InlineData("""[{"qry_text": "a"}]""", "has no column qry or qry_image_path, expected the form of MMEB's training sets.")]
    [InlineData("""{"qry": "a"}""", "row 1: not valid JSON: ")]
    public async Task Errors_of_training_rows_name_file_and_row(string json, string message) =>
        Assert.Contains(
            message,
            (await Assert.ThrowsAsync<DatasetException>(() => Training("rows.json", json))).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public async Task Folders_say_what_is_missing()
    {
        var reading = (string folder, string[]? datasets) =>
            Assert.ThrowsAsync<DatasetException>(() => MmebReader.ReadEvaluationFolderAsync(folder, datasets: datasets));
        Assert.Equal($"The folder {_scratch["none"]} does not exist.", (await reading(_scratch["none"], null)).Message);
        Assert.Contains(
            "has no datasets, expected folders with files test*.parquet",
            (await reading(_scratch.Path, null)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains("has no dataset GQA", (await reading(_scratch.Path, ["GQA"])).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<DatasetException>(() => new MmebReader(_scratch.Path).ReadTrainingAsync(_scratch["none.parquet"], "none"));
        await Assert.ThrowsAsync<DatasetException>(() => new MmebReader(_scratch.Path).ReadTrainingAsync(_scratch["none.csv"], "none"));
    }

    [Fact]
    public async Task Shards_follow_each_other_and_errors_name_theirs()
    {
        Directory.CreateDirectory(_scratch["data", "GQA"]);
        File.WriteAllText(_scratch["data", "GQA", "test-00000-of-00002.jsonl"], """{"qry_text": "a", "tgt_text": ["b"]}""");
        File.WriteAllText(
            _scratch["data", "GQA", "test-00001-of-00002.jsonl"],
            "{\"qry_text\": \"c\", \"tgt_text\": [\"b\", \"d\"]}\n{\"qry_text\": \"e\", \"tgt_text\": [\"f\"]}"
        );
        var dataset = Assert.Single(await MmebReader.ReadEvaluationFolderAsync(_scratch["data"]));
        Assert.Equal(["a", "c", "e"], dataset.Rows.Select(row => row.Query.Text));
        Assert.Equal(
            ["test-00000-of-00002.jsonl, row 1", "test-00001-of-00002.jsonl, row 1", "test-00001-of-00002.jsonl, row 2"],
            dataset.Rows.Select(row => Path.GetFileName(row.Source))
        );
        Assert.Same(dataset.Rows[0].Candidates[0], dataset.Rows[1].Candidates[0]);

        File.AppendAllText(_scratch["data", "GQA", "test-00001-of-00002.jsonl"], "\n{\"qry_text\": \"g\", \"tgt_text\": [\"\", \"h\"]}");
        var error = await Assert.ThrowsAsync<DatasetException>(() => MmebReader.ReadEvaluationFolderAsync(_scratch["data"]));
        Assert.Contains(
            "test-00001-of-00002.jsonl, row 3: value 1 of tgt_text and tgt_img_path is empty, expected a text or an image: the first "
                + "is the right one.",
            error.Message,
            StringComparison.Ordinal
        );

        File.WriteAllText(_scratch["data", "GQA", "test.json"], "[]");
        Assert.Contains(
            "expected the rows once",
            (await Assert.ThrowsAsync<DatasetException>(() => MmebReader.ReadEvaluationFolderAsync(_scratch["data"]))).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Rationales_beside_the_file_have_to_be_as_many()
    {
        await ShapeWorldFiles.WriteAsync(_scratch["world"], WorldSplit.Test, 1, 2);
        await File.AppendAllTextAsync(_scratch["world", "cls_row", "rationales.jsonl"], "{\"rationale\": \"more\"}\n");
        var error = await Assert.ThrowsAsync<DatasetException>(() => MmebReader.ReadEvaluationFolderAsync(_scratch["world"]));
        Assert.Contains("rationales.jsonl has 3 rows, expected 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Damaged_parquet_gives_the_datasets_error_and_no_other()
    {
        await ShapeWorldFiles.WriteAsync(_scratch["world"], WorldSplit.Test, 1, 2);
        var whole = await File.ReadAllBytesAsync(_scratch["world", "vqa_path", "test-00000-of-00001.parquet"]);
        // Always the same damage: there is some that the library never returns from, and a minute's wait belongs in no test.
        var random = new SplitMix64(1);
        for (var i = 0; i < 150; i++)
        {
            var at = random.Below(whole.Length);
            await File.WriteAllBytesAsync(
                _scratch["rows.parquet"],
                random.Flip() ? whole[..at] : [.. whole[..at], (byte)random.Next(), .. whole[(at + 1)..]]
            );
            try
            {
                await new MmebReader(_scratch.Path).ReadEvaluationAsync(_scratch["rows.parquet"], "damaged");
            }
            catch (DatasetException e)
            {
                Assert.StartsWith(_scratch["rows.parquet"], e.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task Nlvr_in_mmeb_form_is_read()
    {
        var root = Golden.RequireShared("data", "nlvr-mmeb");
        var datasets = await MmebReader.ReadEvaluationFolderAsync(root);
        Assert.Equal(["NLVR-Count", "NLVR-Grounding", "NLVR-I2I", "NLVR-T2I", "NLVR-VQA"], datasets.Select(dataset => dataset.Name));
        Assert.All(datasets, dataset => Assert.Equal(400, dataset.Rows.Count));
        Assert.All(datasets.SelectMany(dataset => dataset.Rows).Where((_, i) => i % 97 == 0), row =>
            Assert.All(row.Candidates.Take(3).Append(row.Query).SelectMany(item => item.Images), image => image.Decode())
        );
        Assert.Equal(50, datasets.Single(dataset => dataset.Name == "NLVR-I2I").Rows[0].Candidates.Count);
        Assert.StartsWith(
            "<|image_1|>\n",
            MmebText.Format(datasets.Single(dataset => dataset.Name == "NLVR-I2I").Rows[0].Query),
            StringComparison.Ordinal
        );
    }

    private string Write(string name, string text)
    {
        File.WriteAllText(_scratch[name], text);
        return _scratch[name];
    }

    private Task<EvaluationDataset> Evaluation(string lines) =>
        new MmebReader(_scratch["images"]).ReadEvaluationAsync(Write("rows.jsonl", lines), "sub");

    private Task<IReadOnlyList<TrainingSample>> Training(string name, string text) =>
        new MmebReader(_scratch["images"]).ReadTrainingAsync(Write(name, text), "sub");
}
