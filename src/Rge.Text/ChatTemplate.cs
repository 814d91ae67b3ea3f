using Rge.Files;
using Rge.Text.Jinja;

namespace Rge.Text;

/// <summary>The chat template of a checkpoint: how a message becomes a prompt. Immutable and thread-safe.</summary>
/// <remarks>
/// Text of the caller (user text, system message) is untrusted in the prompt wherever the template puts it, also trimmed, split or
/// repeated: strings keep the origin of every character while the template runs. Everything else, including image pads, is
/// part of the template and trusted.
/// </remarks>
public sealed class ChatTemplate
{
    private const string Jinja = "chat_template.jinja",
        Json = "chat_template.json",
        Field = "chat_template";
    private const long MaxFileBytes = 1 << 20;

    /// <summary>The layout of Qwen2-VL and Qwen2.5-VL, for folders without a template.</summary>
    private const string ChatMl = """
        {%- set default = [{'role': 'system', 'content': [{'type': 'text', 'text': 'You are a helpful assistant.'}]}] -%}
        {%- for message in (messages if messages[0].role == 'system' else default + messages) -%}
        {{- '<|im_start|>' + message.role + '\n' -}}
        {%- for part in message.content -%}
        {{- '<|vision_start|><|image_pad|><|vision_end|>' if part.type == 'image' else part.text -}}
        {%- endfor -%}
        {{- '<|im_end|>\n' -}}
        {%- endfor -%}
        {{- '<|im_start|>assistant\n' if add_generation_prompt -}}
        """;

    /// <summary>That of Qwen2-VL and Qwen2.5-VL, which folders without a template have.</summary>
    public static ChatTemplate Default { get; } =
        new(ChatMl, "the default chat template", new Dictionary<string, object?>(StringComparer.Ordinal));

    private static readonly string[] TokenNames = ["bos_token", "eos_token", "unk_token", "pad_token"];

    private readonly JinjaTemplate _template;
    private readonly string _path;
    private readonly IReadOnlyDictionary<string, object?> _tokens;

    private ChatTemplate(string source, string path, IReadOnlyDictionary<string, object?> tokens)
    {
        (Source, _path, _tokens) = (source, path, tokens);
        try
        {
            _template = JinjaTemplate.Parse(source);
        }
        catch (JinjaException e)
        {
            throw Error(e);
        }
    }

    /// <summary>The template as it is written.</summary>
    public string Source { get; }

    /// <summary>
    /// Loads the template of a checkpoint folder: chat_template.jinja, chat_template.json, or the field of tokenizer_config.json (of
    /// several named ones, "default"). Without any, the template of Qwen2-VL is used.
    /// </summary>
    /// <exception cref="CheckpointException">The template is malformed or uses unsupported features.</exception>
    public static ChatTemplate Load(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        if (FileProblem.OfFolder(folder) is { } problem)
            throw new CheckpointException(problem);
        try
        {
            var config = Path.Combine(folder, TokenizerFiles.Config);
            var (configured, tokens) = File.Exists(config)
                ? JsonFile.Read(config, root => (SourceIn(root[Field]), Tokens(root)))
                : (null, []);

            var (jinja, json) = (Path.Combine(folder, Jinja), Path.Combine(folder, Json));
            if (File.Exists(jinja))
                return new ChatTemplate(ReadText(jinja), jinja, tokens);
            if (File.Exists(json) && JsonFile.Read(json, root => SourceIn(root[Field])) is { } source)
                return new ChatTemplate(source, json, tokens);
            return new ChatTemplate(configured ?? ChatMl, config, tokens);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"The chat template in {folder} cannot be read: {FileProblem.Of(folder, e)}.", e);
        }
    }

    /// <summary>Loads a template of a checkpoint folder that is not its preferred one.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="name">Name of the Jinja file in it.</param>
    /// <exception cref="CheckpointException">The file does not exist, is malformed or uses unsupported features.</exception>
    public static ChatTemplate Load(string folder, string name)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentException.ThrowIfNullOrEmpty(name);
        var path = Path.Combine(folder, name);
        try
        {
            if (!File.Exists(path))
                throw new CheckpointException($"{path} does not exist, expected a chat template.");
            var config = Path.Combine(folder, TokenizerFiles.Config);
            return new ChatTemplate(ReadText(path), path, File.Exists(config) ? JsonFile.Read(config, Tokens) : []);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"The chat template {path} cannot be read: {FileProblem.Of(path, e)}.", e);
        }
    }

    /// <summary>Whether a folder has a template of its own.</summary>
    /// <exception cref="CheckpointException">Its tokenizer_config.json cannot be read.</exception>
    public static bool IsIn(string folder)
    {
        if (File.Exists(Path.Combine(folder, Jinja)) || File.Exists(Path.Combine(folder, Json)))
            return true;
        var config = Path.Combine(folder, TokenizerFiles.Config);
        return File.Exists(config) && JsonFile.Read(config, root => !root[Field].IsMissing);
    }

    /// <summary>Renders one user message, with a system message before it if one is given.</summary>
    /// <param name="userContent">The parts of the message, in order.</param>
    /// <param name="system">The system message; null for the template's own, if it has one.</param>
    /// <param name="addGenerationPrompt">Whether the prompt ends with the beginning of the assistant's turn.</param>
    /// <exception cref="CheckpointException">The template fails on this input, or takes too many steps.</exception>
    public PromptText Render(IReadOnlyList<ChatPart> userContent, string? system = null, bool addGenerationPrompt = true)
    {
        ArgumentNullException.ThrowIfNull(userContent);
        var messages = new List<object?>();
        if (system is not null)
            messages.Add(Message("system", [ChatPart.Text(system)]));
        messages.Add(Message("user", userContent));
        var variables = new Dictionary<string, object?>(_tokens, StringComparer.Ordinal)
        {
            ["messages"] = messages,
            ["add_generation_prompt"] = addGenerationPrompt,
            ["tools"] = null,
            ["documents"] = null,
        };
        try
        {
            return Prompt(_template.Render(variables, userContent.Sum(part => part.Content?.Length ?? 0L) + (system?.Length ?? 0)));
        }
        catch (JinjaException e)
        {
            throw Error(e);
        }
    }

    /// <summary>Copies the template of one checkpoint folder to another, where it is a file of its own.</summary>
    /// <remarks>A template inside tokenizer_config.json goes with that file; see <see cref="QwenTokenizer.Save"/>.</remarks>
    /// <exception cref="CheckpointException">The file cannot be copied.</exception>
    public static void Copy(string source, string target)
    {
        try
        {
            Directory.CreateDirectory(target);
            TokenizerWriter.Copy(source, target, [Jinja, Json]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"The chat template of {source} cannot be written to {target}: {FileProblem.Of(target, e)}.", e);
        }
    }

    private static Dictionary<string, object?> Message(string role, IReadOnlyList<ChatPart> parts) =>
        new(StringComparer.Ordinal) { ["role"] = TracedText.FromTemplate(role), ["content"] = parts.Select(Part).ToList<object?>() };

    private static Dictionary<string, object?> Part(ChatPart part)
    {
        var entries = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["type"] = TracedText.FromTemplate(part.IsImage ? "image" : "text"),
        };
        if (part.Content is { } text)
            entries["text"] = part.AllowSpecialTokens ? TracedText.FromTemplate(text) : TracedText.FromCaller(text);
        return entries;
    }

    /// <summary>The text as a prompt: trusted where it is the template's, untrusted where it is the caller's.</summary>
    private static PromptText Prompt(TracedText text) =>
        PromptText.Create(text.Runs().Select(run => new PromptSegment(run.Text, IsTrusted: !run.IsFromCaller)));

    private static string? SourceIn(JsonField field)
    {
        if (!field.IsList)
            return field.Text(null);
        foreach (var template in field.Items())
            if (template["name"].Text() == "default")
                return template["template"].Text();
        throw field.Error("has no template named \"default\"");
    }

    private static Dictionary<string, object?> Tokens(JsonField root)
    {
        var tokens = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var name in TokenNames)
            if (root[name] is { IsMissing: false } token)
                tokens[name] = TracedText.FromTemplate((token.IsText ? token : token["content"]).Text());
        return tokens;
    }

    private static string ReadText(string path)
    {
        var length = new FileInfo(path).Length;
        if (length > MaxFileBytes)
            throw new CheckpointException($"{path} has {ByteSize.Excess(length, MaxFileBytes)}.");
        GitLfsPointer.Refuse(path);
        return FileReader.ReadText(path);
    }

    private CheckpointException Error(JinjaException e) => new($"{_path}: line {e.Line} of the chat template: {e.Message}.", e);
}
