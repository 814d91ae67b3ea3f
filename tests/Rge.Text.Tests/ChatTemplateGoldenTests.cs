using System.Text.Json.Nodes;
using Rge.Tests.Shared;

namespace Rge.Text.Tests;

/// <summary>Prompts and ids of the reference processor.</summary>
public sealed class ChatTemplateGoldenTests
{
    private const int MergeSize = 2;

    public static TheoryData<string, string> Families =>
        new(Golden.Families().SelectMany(family => new (string, string)[] { (family, "queries"), (family, "targets") }));

    [Theory]
    [MemberData(nameof(Families))]
    public void Prompts_and_their_ids_are_equal(string family, string kind)
    {
        var model = Golden.Require(family, "model");
        var (tokenizer, template) = (QwenTokenizer.Load(model), ChatTemplate.Load(model));
        var grids = JsonNode.Parse(File.ReadAllText(Golden.Require(family, "image_grids.json")))!;
        var cases = JsonNode.Parse(File.ReadAllText(Golden.Require(family, "cases.json")))![kind]!.AsArray();
        Assert.NotEmpty(cases);
        foreach (var item in cases)
        {
            string[] images = item!["image"] switch
            {
                null => [],
                JsonArray several => [.. several.Select(name => (string)name!)],
                var one => [(string)one!],
            };
            // The reference puts a space after every image.
            var parts = images.SelectMany(_ => new[] { ChatPart.Image, ChatPart.Text(" ") }).Append(ChatPart.Text((string)item["text"]!));
            var prompt = template.Render([.. parts]);
            if (kind == "targets")
                prompt = prompt.Trusted("<emb>");
            Assert.Equal((string)item["prompt"]!, prompt.ToString());

            var counts = images.Select(name =>
                grids[name]!.AsArray().Aggregate(1, (product, side) => product * (int)side!) / (MergeSize * MergeSize)
            );
            var ids = ImagePads.Expand(
                tokenizer.Encode(prompt),
                tokenizer.SpecialTokens["<|image_pad|>"],
                tokenizer.SpecialTokens["<|video_pad|>"],
                [.. counts]
            );
            Assert.Equal(item["input_ids"]!.AsArray().Select(id => (int)id!), ids);
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void The_built_in_layout_gives_the_same_prompts(string family, string kind)
    {
        using var empty = new ScratchFolder();
        var (own, built) = (ChatTemplate.Load(Golden.Require(family, "model")), ChatTemplate.Load(empty.Path));
        foreach (var item in JsonNode.Parse(File.ReadAllText(Golden.Require(family, "cases.json")))![kind]!.AsArray())
        {
            ChatPart[] parts = [ChatPart.Image, ChatPart.Text((string)item!["text"]!)];
            Assert.Equal(own.Render(parts), built.Render(parts));
            Assert.Equal(own.Render(parts, "Be brief."), built.Render(parts, "Be brief."));
        }
    }
}
