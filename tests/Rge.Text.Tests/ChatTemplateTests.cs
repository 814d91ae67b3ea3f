using System.Text.Json.Nodes;
using CsCheck;
using Rge.Tests.Shared;

namespace Rge.Text.Tests;

public sealed class ChatTemplateTests
{
    /// <summary>The features of Qwen2-VL's template: a default system prompt, counters, numbered images on request.</summary>
    private const string CountingTemplate = """
        {% set pictures = namespace(value=0) %}{% set films = namespace(value=0) %}{% for m in messages %}{% if loop.first and m['role'] != 'system' %}<|im_start|>system
        Be brief.<|im_end|>
        {% endif %}<|im_start|>{{ m['role'] }}
        {% if m['content'] is string %}{{ m['content'] }}<|im_end|>
        {% else %}{% for part in m['content'] %}{% if part['type'] == 'image' or 'image' in part or 'image_url' in part %}{% set pictures.value = pictures.value + 1 %}{% if number_them or true %}Picture {{ pictures.value }}: {% endif %}<|vision_start|><|image_pad|><|vision_end|>{% elif part['type'] == 'video' or 'video' in part %}{% set films.value = films.value + 1 %}<|video_pad|>{% elif 'text' in part %}{{ part['text'] }}{% endif %}{% endfor %}<|im_end|>
        {% endif %}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
        {% endif %}
        """;

    /// <summary>
    /// The features of Qwen3-VL's and later ones: no default system prompt, branches for tools, a macro for content, a search backwards.
    /// </summary>
    private const string ToolTemplate = """
        {%- set count = namespace(value=0) %}
        {%- macro show(content, is_system=false) %}
            {%- if content is string %}
                {{- content }}
            {%- elif content is iterable and content is not mapping %}
                {%- for item in content %}
                    {%- if 'image' in item or item.type == 'image' %}
                        {%- if is_system %}
                            {{- raise_exception('no images here') }}
                        {%- endif %}
                        {%- set count.value = count.value + 1 %}
                        {{- '<|vision_start|><|image_pad|><|vision_end|>' }}
                    {%- elif 'text' in item %}
                        {{- item.text }}
                    {%- endif %}
                {%- endfor %}
            {%- endif %}
        {%- endmacro %}
        {%- if tools and tools is iterable and tools is not mapping %}
            {{- '<|im_start|>system\n' }}
            {%- for tool in tools %}
                {{- "\n" }}
                {{- tool | tojson }}
            {%- endfor %}
        {%- elif messages[0].role == 'system' %}
            {{- '<|im_start|>system\n' + show(messages[0].content, true)|trim + '<|im_end|>\n' }}
        {%- endif %}
        {%- set ns = namespace(last=messages|length - 1, searching=true) %}
        {%- for message in messages[::-1] %}
            {%- set index = (messages|length - 1) - loop.index0 %}
            {%- if ns.searching and message.role == "user" and not (show(message.content).startswith('<tool_response>')) %}
                {%- set ns.searching = false %}
                {%- set ns.last = index %}
            {%- endif %}
        {%- endfor %}
        {%- if ns.searching %}
            {{- raise_exception('no user message') }}
        {%- endif %}
        {%- for message in messages %}
            {%- set content = show(message.content)|trim %}
            {%- if message.role == 'user' or (message.role == 'system' and not loop.first) %}
                {{- '<|im_start|>' + message.role + '\n' + content + '<|im_end|>' + '\n' }}
            {%- elif message.role == 'assistant' %}
                {%- if message.tool_calls %}
                    {%- for call in message.tool_calls %}
                        {{- call.arguments | tojson }}
                    {%- endfor %}
                {%- endif %}
            {%- endif %}
        {%- endfor %}
        {%- if add_generation_prompt %}
            {{- '<|im_start|>assistant\n' }}
            {%- if enable_thinking is defined and enable_thinking is false %}
                {{- '<think>\n\n</think>\n\n' }}
            {%- endif %}
        {%- endif %}
        """;

    [Fact]
    public void A_folder_without_a_template_has_the_usual_layout()
    {
        using var folder = new ScratchFolder();
        var template = ChatTemplate.Load(folder.Path);
        Assert.Equal(
            PromptText
                .Empty.Trusted(
                    "<|im_start|>system\nYou are a helpful "
                        + "assistant.<|im_end|>\n<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|>"
                )
                .Untrusted("What?\n")
                .Trusted("<|im_end|>\n<|im_start|>assistant\n"),
            template.Render([ChatPart.Image, ChatPart.Text("What?\n")])
        );
        Assert.Equal(
            "<|im_start|>system\nSing.<|im_end|>\n<|im_start|>user\nWhat?<|im_end|>\n",
            template.Render([ChatPart.Text("What?")], "Sing.", addGenerationPrompt: false).ToString()
        );
    }

    [Fact]
    public void Images_are_counted()
    {
        using var folder = new ScratchFolder();
        var prompt = ChatTemplate
            .Load(folder.With("chat_template.jinja", CountingTemplate).Path)
            .Render([ChatPart.Image, ChatPart.Text(" a "), ChatPart.Image]);
        Assert.Equal(
            PromptText
                .Empty.Trusted(
                    "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nPicture 1: <|vision_start|><|image_pad|><|vision_end|>"
                )
                .Untrusted(" a ")
                .Trusted("Picture 2: <|vision_start|><|image_pad|><|vision_end|><|im_end|>\n<|im_start|>assistant\n"),
            prompt
        );
    }

    [Theory]
    [InlineData(null, "")]
    [InlineData(" Sing. ", "<|im_start|>system\n[Sing.]<|im_end|>\n")]
    public void Text_that_the_template_trims_stays_the_callers(string? system, string expected)
    {
        using var folder = new ScratchFolder();
        var prompt = ChatTemplate
            .Load(folder.With("chat_template.jinja", ToolTemplate).Path)
            .Render([ChatPart.Text("\n <|im_end|>"), ChatPart.Image, ChatPart.Text(" what? \n")], system);
        Assert.Equal(
            expected
                + "<|im_start|>user\n[<|im_end|>]<|vision_start|><|image_pad|><|vision_end|>[ what?]<|im_end|>\n<|im_start|>assistant\n",
            string.Concat(prompt.Segments.Select(segment => segment.IsTrusted ? segment.Text : $"[{segment.Text}]"))
        );
    }

    [Fact]
    public void Text_that_may_have_special_tokens_is_trusted()
    {
        using var folder = new ScratchFolder();
        var prompt = ChatTemplate
            .Load(folder.Path)
            .Render([ChatPart.Text("<emb>", allowSpecialTokens: true), ChatPart.Text("<emb>")], addGenerationPrompt: false);
        Assert.Equal("<emb>", Assert.Single(prompt.Segments, segment => !segment.IsTrusted).Text);
        Assert.EndsWith("user\n<emb>", prompt.Segments[0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_template_file_comes_before_the_field_of_the_configuration()
    {
        using var folder = new ScratchFolder();
        folder.With(
            "tokenizer_config.json",
            """{"chat_template": [{"name": "rag", "template": "no"}, {"name": "default", "template": "C{{ eos_token }}"}],"""
                + """ "eos_token": {"content": "<e>"}}"""
        );
        Assert.Equal("C<e>", Render());
        folder.With("chat_template.json", """{"chat_template": "J"}""");
        Assert.Equal("J", Render());
        folder.With("chat_template.jinja", "T");
        Assert.Equal("T", Render());

        string Render() => ChatTemplate.Load(folder.Path).Render([]).ToString();
    }

    [Theory]
    [InlineData("chat_template.jinja", "x\n{% if %}", "line 2")]
    [InlineData("chat_template.json", """{"chat_template": 5}""", "expected a string")]
    [InlineData("tokenizer_config.json", """{"chat_template": [{"name": "rag", "template": ""}]}""", "default")]
    [InlineData("tokenizer_config.json", "{", "JSON")]
    public void A_broken_template_is_refused(string file, string content, string shown)
    {
        using var folder = new ScratchFolder();
        var error = Assert.Throws<CheckpointException>(() => ChatTemplate.Load(folder.With(file, content).Path));
        Assert.Contains(file, error.Message, StringComparison.Ordinal);
        Assert.Contains(shown, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_template_that_refuses_its_input_is_reported()
    {
        using var folder = new ScratchFolder();
        var template = ChatTemplate.Load(folder.With("chat_template.jinja", "\n{{ raise_exception('no ' ~ messages[0].role) }}").Path);
        var error = Assert.Throws<CheckpointException>(() => template.Render([]));
        Assert.Contains("line 2", error.Message, StringComparison.Ordinal);
        Assert.Contains("no user", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Long_text_is_within_the_limits()
    {
        using var folder = new ScratchFolder();
        var text = new string('x', 2_000_000);
        var prompt = ChatTemplate.Load(folder.With("chat_template.jinja", ToolTemplate).Path).Render([ChatPart.Text(text)], text);
        Assert.Equal(2, prompt.Segments.Count(segment => segment == new PromptSegment(text, IsTrusted: false)));
    }

    [Theory]
    [InlineData(CountingTemplate)]
    [InlineData(ToolTemplate)]
    public void Damaged_templates_are_refused_or_render(string template) =>
        Gen.Select(Gen.Int[0, template.Length - 1], Gen.Int[0, 20], Gen.String[Gen.Char[' ', '~'], 0, 3])
            .Sample(
                (place, removed, inserted) =>
                {
                    using var folder = new ScratchFolder();
                    folder.With(
                        "chat_template.jinja",
                        template[..place] + inserted + template[Math.Min(template.Length, place + removed)..]
                    );
                    try
                    {
                        ChatTemplate.Load(folder.Path).Render([ChatPart.Image, ChatPart.Text("a")], "b");
                    }
                    catch (CheckpointException)
                    {
                        // What a damaged template should give.
                    }
                },
                iter: 200
            );

    [Fact]
    public void A_saved_template_is_that_of_the_source()
    {
        using var source = new ScratchFolder();
        using var target = new ScratchFolder();
        source.With("chat_template.json", new JsonObject { ["chat_template"] = CountingTemplate }.ToJsonString());
        ChatTemplate.Copy(source.Path, target.Path);
        Assert.Equal(ChatTemplate.Load(source.Path).Render([ChatPart.Image]), ChatTemplate.Load(target.Path).Render([ChatPart.Image]));
    }
}
