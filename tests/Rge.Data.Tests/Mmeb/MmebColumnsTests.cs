using Parquet;
using Parquet.Schema;
using Rge.Data.Mmeb;
using Rge.Tests.Shared;

namespace Rge.Data.Tests.Mmeb;

/// <summary>What is made of the columns that data sets have: used, left out by name, or refused by name.</summary>
public sealed class MmebColumnsTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Instructions_of_the_second_version_become_the_beginning_of_the_text()
    {
        var rows = (
            await Evaluation(
                """
                {"qry_inst": "<|image_1|> Identify the shape:", "qry_text": "what is red?", "qry_img_path": "a.png", "tgt_inst": "Represent the class:", "tgt_text": ["ring", "bar"]}
                {"qry_text": "<|image_1|> Identify the shape: what is red?", "qry_img_path": "a.png", "tgt_text": ["Represent the class: ring", "Represent the class: bar"]}
                {"qry_inst": "<|image_1|>\nName the animal.", "qry_text": "", "qry_img_path": "a.png", "tgt_inst": "<|image_1|>\nRepresent the image.", "tgt_text": ["", "a dog"], "tgt_img_path": ["b.png", "c.png"]}
                {"qry_inst": null, "qry_text": "plain", "tgt_inst": "", "tgt_text": ["ring"]}
                {"qry_inst": "Find it: ", "qry_text": "\na line", "tgt_inst": ["One:", ""], "tgt_text": ["ring", "bar"]}
                {"qry_inst": "<|image_1|> Look:", "qry_text": "<|image_1|> a", "qry_img_path": "a.png", "tgt_text": ["ring"]}
                """
            )
        ).Rows;
        Assert.Equal(
            [
                "<|image_1|> Identify the shape: what is red?",
                "<|image_1|> Identify the shape: what is red?",
                "<|image_1|>\nName the animal.",
                "plain",
                "Find it:\na line",
                "<|image_1|> Look: a",
            ],
            rows.Select(row => MmebText.Format(row.Query))
        );
        Assert.Equal(["Represent the class: ring", "Represent the class: bar"], rows[0].Candidates.Select(candidate => candidate.Text));
        // One instance: the same key in the cache, the same embedding.
        Assert.Same(rows[0].Candidates[1], rows[1].Candidates[1]);
        Assert.Equal(
            ["<|image_1|>\nRepresent the image.", "<|image_1|>\nRepresent the image. a dog"],
            rows[2].Candidates.Select(candidate => MmebText.Format(candidate))
        );
        Assert.Equal(["ring", "One: ring", "bar"], rows[3].Candidates.Concat(rows[4].Candidates).Select(candidate => candidate.Text));
    }

    [Fact]
    public async Task Parquet_has_the_instructions_too_and_its_other_columns_are_refused_by_name()
    {
        await WriteParquet("rows.parquet", ("qry_inst", "Find:"), ("qry_text", "a"), ("tgt_inst", "It is"), ("tgt_text", "b"));
        var row = Assert.Single((await ReadAsync("rows.parquet")).Rows);
        Assert.Equal(("Find: a", "It is b"), (row.Query.Text, row.Candidates.Single().Text));

        await WriteParquet("other.parquet", ("qry_text", "a"), ("tgt_text", "b"), ("qry_instruction", "Find:"));
        var error = await Assert.ThrowsAsync<DatasetException>(() => ReadAsync("other.parquet"));
        Assert.StartsWith(
            $"{_scratch["other.parquet"]}: the column qry_instruction is not understood, expected qry_inst, qry_text, ",
            error.Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Rules_see_instruction_and_text_as_one()
    {
        await File.WriteAllTextAsync(
            _scratch["rows.jsonl"],
            """{"qry_inst": "Find", "qry_text": "it", "tgt_inst": "An", "tgt_text": ["ox"]}"""
        );
        var reader = new MmebReader(
            _scratch.Path,
            InstructionRules.Parse("sub: {value_map: {'Find it': 'Seek'}}", "q"),
            InstructionRules.Parse("sub: {prefix_add: 'See: '}", "c")
        );
        var row = Assert.Single((await reader.ReadEvaluationAsync(_scratch["rows.jsonl"], "sub")).Rows);
        Assert.Equal(("Seek", "See: An ox"), (row.Query.Text, row.Candidates.Single().Text));

        // Training reads with the same words.
        await File.WriteAllTextAsync(
            _scratch["train.jsonl"],
            """{"qry_inst": "Find", "qry": "it", "pos_inst": "An", "pos_text": "ox", "neg_text": "ax"}"""
        );
        var sample = Assert.Single(await reader.ReadTrainingAsync(_scratch["train.jsonl"], "sub"));
        Assert.Equal(
            ("Seek", "See: An ox", "See: ax"),
            (sample.Query.Text, sample.Targets.Single().Item.Text, sample.Negatives.Single().Item.Text)
        );
    }

    [Theory]
    [InlineData("qry_instruction")]
    [InlineData("Qry_Text")]
    [InlineData("answer")]
    [InlineData("tgt_key")]
    [InlineData("qry_image_path")]
    public async Task A_column_that_is_not_understood_is_refused_by_name_with_its_row_unless_it_is_to_be_ignored(string column)
    {
        var lines = $$"""
            {"qry_text": "a", "tgt_text": ["b"]}
            {"qry_text": "a", "tgt_text": ["b"], "{{column}}": "c"}
            """;
        var error = await Assert.ThrowsAsync<DatasetException>(() => Evaluation(lines));
        Assert.StartsWith(
            $"{_scratch["rows.jsonl"]}, row 2: the column {column} is not understood, expected ",
            error.Message,
            StringComparison.Ordinal
        );
        var dataset = await new MmebReader(_scratch.Path) { IgnoredColumns = [column] }.ReadEvaluationAsync(_scratch["rows.jsonl"], "sub");
        Assert.Equal([column], dataset.UnreadColumns);
        Assert.Equal(2, dataset.Rows.Count);
    }

    [Fact]
    public async Task Columns_that_say_where_a_row_is_from_are_left_out_and_told()
    {
        var dataset = await Evaluation(
            """
            {"id": 3, "qry_text": "a", "tgt_text": ["b"], "source": {"any": ["thing"]}}
            {"qry_text": "a", "tgt_text": ["b"], "__index_level_0__": 1}
            """
        );
        Assert.Equal(["id", "source", "__index_level_0__"], dataset.UnreadColumns);
    }

    [Fact]
    public async Task Training_rows_have_instructions_and_refuse_what_is_not_understood()
    {
        var samples = await Training(
            """
            {"qry_inst": "Find:", "qry": "a", "pos_inst": "It is", "pos_text": "b", "neg_inst": "It is", "neg_text": ["c", "d"], "id": "1"}
            {"qry": "Find: a", "pos_text": "It is b", "neg_text": ["It is c"]}
            """
        );
        Assert.Equal(["Find: a", "Find: a"], samples.Select(sample => sample.Query.Text));
        Assert.Equal(samples[1].Targets, samples[0].Targets);
        Assert.Equal(
            ["It is c", "It is d", "It is c"],
            samples.SelectMany(sample => sample.Negatives).Select(negative => negative.Item.Text)
        );
        var error = await Assert.ThrowsAsync<DatasetException>(() => Training("""{"qry": "a", "pos_text": "b", "neg_texts": ["c"]}"""));
        Assert.Contains("row 1: the column neg_texts is not understood, expected qry_inst, qry, ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Negatives_that_python_wrote_as_a_list_are_a_list()
    {
        var samples = await Training(
            """
            {"qry": "q", "pos_text": "p", "neg_text": "['blue square', \"it's green\"]", "neg_image_path": "['', '']"}
            {"qry": "q", "pos_text": "p", "neg_text": "['', '']", "neg_image_path": "['a.jpg', \"b.png\"]"}
            {"qry": "q", "pos_text": "p", "neg_text": "['', '']", "neg_image_path": "['', '']"}
            {"qry": "q", "pos_text": "p", "neg_text": "[]", "neg_image_path": ""}
            {"qry": "q", "pos_text": "p", "neg_text": "[applause] hello", "neg_image_path": ""}
            {"qry": "['a', 'b']", "pos_text": "['one text']", "neg_text": ["['kept', 'as it is']", "n"]}
            {"qry": "q", "qry_image_path": "['a.jpg']", "pos_text": "['p', 'also']", "pos_image_path": "['', 'b.png']"}
            {"qry": "q", "pos_text": "p", "neg_text": "['a\\n\\u00e9\\'', None, 'x',]", "neg_image_path": "['', 'b.png', '']"}
            """
        );
        Assert.Equal([2, 2, 0, 0, 1, 2, 0, 3], samples.Select(sample => sample.Negatives.Count));
        Assert.Equal(["blue square", "it's green"], Texts(samples[0].Negatives));
        Assert.Equal([_scratch["a.jpg"], _scratch["b.png"]], samples[1].Negatives.Select(negative => negative.Item.Images.Single().Name));
        Assert.All(samples[1].Negatives, negative => Assert.Null(negative.Item.Text));
        Assert.Equal(["[applause] hello"], Texts(samples[4].Negatives));
        // A text that is no list where one text is expected, and a list that holds one: both are texts.
        Assert.Equal(("['a', 'b']", "['one text']"), (samples[5].Query.Text, samples[5].Targets.Single().Item.Text));
        Assert.Equal(["['kept', 'as it is']", "n"], Texts(samples[5].Negatives));
        Assert.Equal(_scratch["a.jpg"], samples[6].Query.Images.Single().Name);
        Assert.Equal(["p", "also"], Texts(samples[6].Targets));
        Assert.Equal(["a\né'", null, "x"], Texts(samples[7].Negatives));

        static IEnumerable<string?> Texts(IReadOnlyList<TargetItem> items) => items.Select(item => item.Item.Text);
    }

    [Theory]
    [InlineData("['a', 'b'", "its bracket is not closed")]
    [InlineData("['a' 'b']", "value 1 has no comma behind it")]
    [InlineData("['a', 3]", "value 2 is not a text in quotes")]
    [InlineData("['a', ['b']]", "value 2 is not a text in quotes")]
    [InlineData("['a', __import__('os')]", "value 2 is not a text in quotes")]
    [InlineData("['a', 'b] ", "value 2 does not end or has an unknown escape")]
    [InlineData("['a\\\\q']", "value 1 does not end or has an unknown escape")]
    [InlineData("['a'] or more", "something follows its closing bracket")]
    public async Task A_list_that_was_written_badly_is_refused(string list, string problem)
    {
        var error = await Assert.ThrowsAsync<DatasetException>(() =>
            Training($$"""{"qry": "q", "pos_text": "p", "neg_text": "{{list}}"}""")
        );
        Assert.Equal(
            $"{_scratch["rows.jsonl"]}, row 1: neg_text looks like a list that was written as text, but {problem}.",
            error.Message
        );
    }

    [Fact]
    public async Task Lists_of_several_images_where_one_is_expected_are_refused()
    {
        var error = await Assert.ThrowsAsync<DatasetException>(() =>
            Evaluation("""{"qry_img_path": "['a.png', 'b.png']", "tgt_text": ["b"]}""")
        );
        Assert.Contains("row 1: qry_img_path has 2 values, expected one.", error.Message, StringComparison.Ordinal);
        var candidates = Assert
            .Single((await Evaluation("""{"qry_img_path": "a.png", "tgt_text": "['b', 'c']", "tgt_img_path": "['', 'd.png']"}""")).Rows)
            .Candidates;
        Assert.Equal(["b", "c"], candidates.Select(candidate => candidate.Text));
        Assert.Equal(_scratch["d.png"], candidates[1].Images.Single().Name);
    }

    [Theory]
    [InlineData("{\"qry_text\": \"a\", \"tgt_text\": [\"b\"], \"qry_text\": \"c\"}", "row 1: qry_text is there twice.")]
    [InlineData("{\"qry_text\": \"a\", \"tgt_text\": [\"b\"], \"id\": 1, \"id\": 2}", "row 1: id is there twice.")]
    [InlineData("{\"qry_text\": \"a\", \"tgt_text\": [\"b\", [\"c\"]]}", "row 1: tgt_text has [\"c\"], expected a text.")]
    [InlineData("{\"qry_text\": {\"a\": 1}, \"tgt_text\": [\"b\"]}", "row 1: qry_text is {\"a\": 1}, expected a text or a list of texts.")]
    [InlineData("{\"qry_text\": \"\\ud800\", \"tgt_text\": [\"b\"]}", "row 1: qry_text is not valid Unicode: ")]
    [InlineData("{\"\\ud800\": \"a\", \"tgt_text\": [\"b\"]}", "row 1: the name of a field is not valid Unicode: ")]
    [InlineData("{\"qry_text\": \"a\", \"tgt_text\": [\"b\"]}\n\n\nnull", "row 2 (line 4): the row is null, expected an object.")]
    [InlineData("{\"qry_text\": \"a\", \"tgt_text\": [\"b\"]} {}", "row 1: not valid JSON: it breaks off at byte 38.")]
    [InlineData(
        "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n",
        "is a Git LFS pointer in place of the rows: fetch the files with 'git lfs pull'."
    )]
    public async Task Broken_rows_are_one_sentence_with_file_and_row(string lines, string message)
    {
        var error = await Assert.ThrowsAsync<DatasetException>(() => Evaluation(lines));
        Assert.StartsWith(_scratch["rows.jsonl"], error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.DoesNotMatch("System|LineNumber|Path: |Utf8|Exception", error.Message);
    }

    [Theory]
    [InlineData("rows.jsonl")]
    [InlineData("rows.json")]
    public async Task Bytes_that_are_not_utf8_are_refused_with_their_line(string name)
    {
        byte[] row = [.. "{\"qry_text\": \"caf"u8, 0xE9, .. "\", \"tgt_text\": [\"b\"]}"u8];
        byte[] text =
            name == "rows.json" ? [.. "["u8, .. row, .. "]"u8] : [.. "{\"qry_text\": \"a\", \"tgt_text\": [\"b\"]}\n"u8, .. row, .. "\n"u8];
        await File.WriteAllBytesAsync(_scratch[name], text);
        var error = await Assert.ThrowsAsync<DatasetException>(() => ReadAsync(name));
        Assert.StartsWith(
            name == "rows.json"
                ? $"{_scratch[name]}, row 1: qry_text is not valid Unicode: "
                : $"{_scratch[name]}, line 2: not valid UTF-8: ",
            error.Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task The_line_of_bytes_that_are_not_utf8_is_right_after_a_byte_order_mark()
    {
        var row = "{\"qry_text\": \"a\", \"tgt_text\": [\"b\"]}\n"u8.ToArray();
        await File.WriteAllBytesAsync(
            _scratch["rows.jsonl"],
            [0xEF, 0xBB, 0xBF, .. row, .. row, .. "{\"qry_text\": \"caf"u8, 0xE9, .. "\", \"tgt_text\": [\"b\"]}\n"u8, .. row]
        );
        var error = await Assert.ThrowsAsync<DatasetException>(() => ReadAsync("rows.jsonl"));
        Assert.StartsWith($"{_scratch["rows.jsonl"]}, line 3: not valid UTF-8: ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"groups\": {\"vqa\": [\"a\", 1]}}", ": groups.vqa[1] is 1, expected a text.")]
    [InlineData("{\"groups\": {\"vqa\": [null]}}", ": groups.vqa[0] is null, expected a text.")]
    [InlineData("{\"groups\": {\"vqa\": null}}", ": groups.vqa is null, expected a list of datasets.")]
    [InlineData("{\"groups\": {\"vqa\": \"a\"}}", ": groups.vqa is \"a\", expected a list of datasets.")]
    [InlineData("{\"groups\": [\"a\"]}", ": groups is [\"a\"], expected an object.")]
    [InlineData("{\"groups\": {\"vqa\": [\"a\"], \"other\": [\"a\"]}}", ": groups.other[0] is \"a\", which is there twice, ")]
    [InlineData("{\"groups\": {\"vqa\": [\"\\ud800\"]}}", ": groups.vqa[0] is not valid Unicode: ")]
    [InlineData("[]", ": the file is [], expected an object.")]
    [InlineData("{\"groups\": ", " is not valid JSON, expected groups with lists of datasets.")]
    [InlineData("{\"groups\": {\"vqa\": [\"a\"], \"vqa\": [\"b\"]}}", " is not valid JSON, expected groups with lists of datasets. ")]
    [InlineData("{\"groups\": {}, \"groups\": {\"vqa\": [\"a\"]}}", " is not valid JSON, expected groups with lists of datasets. ")]
    public async Task A_damaged_manifest_is_one_sentence_with_the_place(string manifest, string message)
    {
        Directory.CreateDirectory(_scratch["data/sub"]);
        await File.WriteAllTextAsync(_scratch["data/sub/test.jsonl"], "");
        await File.WriteAllTextAsync(_scratch["data/manifest.json"], manifest);
        var error = Assert.Throws<DatasetException>(() => MmebReader.FindEvaluation(_scratch["data"]));
        Assert.StartsWith(_scratch["data/manifest.json"] + message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("data/sub/test.jsonl", "data/sub", " It has test.jsonl itself: name the folder above it.")]
    [InlineData("data/all/sub/test-0.parquet", "data", " The folders in {0} are some: name that.")]
    [InlineData("data/sub/train.jsonl", "data", " There is {0}, whose name does not begin so.")]
    [InlineData("data/sub/a.png", "data", "")]
    public async Task A_folder_without_data_sets_says_where_they_may_be(string file, string given, string hint)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_scratch[file])!);
        await File.WriteAllTextAsync(_scratch[file], "");
        var place = hint.Contains("folders in", StringComparison.Ordinal) ? _scratch["data/all"] : _scratch[file];
        var error = Assert.Throws<DatasetException>(() => MmebReader.FindEvaluation(_scratch[given]));
        Assert.Equal(
            $"{_scratch[given]} has no datasets, expected folders with files test*.parquet, .jsonl or "
                + $".json.{string.Format(System.Globalization.CultureInfo.InvariantCulture, hint, place)}",
            error.Message
        );
    }

    private async Task<EvaluationDataset> Evaluation(string lines)
    {
        await File.WriteAllTextAsync(_scratch["rows.jsonl"], lines);
        return await ReadAsync("rows.jsonl");
    }

    private Task<EvaluationDataset> ReadAsync(string name) => new MmebReader(_scratch.Path).ReadEvaluationAsync(_scratch[name], "sub");

    private async Task<IReadOnlyList<TrainingSample>> Training(string lines)
    {
        await File.WriteAllTextAsync(_scratch["rows.jsonl"], lines);
        return await new MmebReader(_scratch.Path).ReadTrainingAsync(_scratch["rows.jsonl"], "sub");
    }

    /// <summary>One row of plain texts.</summary>
    private async Task WriteParquet(string name, params (string Column, string Text)[] cells)
    {
        var fields = cells.Select(cell => new DataField<string>(cell.Column)).ToArray();
        await using var file = File.Create(_scratch[name]);
        await using var writer = await ParquetWriter.CreateAsync(new ParquetSchema([.. fields]), file);
        using var group = writer.CreateRowGroup();
        foreach (var (field, cell) in fields.Zip(cells))
            await group.WriteAsync(field, [cell.Text]);
    }
}
