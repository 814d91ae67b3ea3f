using System.Text.Json;
using Rge.Server.Errors;
using Rge.Server.Requests;

namespace Rge.Server.Apis.OpenAi;

/// <summary>Reads a conversation as one item: what the user says is embedded, a system message is the instruction.</summary>
internal static class Conversation
{
    private static readonly RequestMembers MessageMembers = new(["role", "content"], withoutEffect: ["name"]);

    /// <summary>Whether a list is a conversation.</summary>
    public static bool Is(JsonField list) => list.FirstKind == JsonValueKind.Object && list.Value[0].TryGetProperty("role", out _);

    /// <summary>Reads a conversation.</summary>
    /// <exception cref="ApiException">It cannot be understood, or the assistant says something in it.</exception>
    public static ItemBuilder Read(JsonField messages)
    {
        var item = new ItemBuilder();
        foreach (var message in messages.Elements(ItemBuilder.MaxParts, "messages"))
        {
            MessageMembers.Check(message);
            var (role, content) = (message["role"], message["content"]);
            switch (role.OptionalText())
            {
                case "user":
                    item.AddContent(content);
                    break;
                case "system" or "developer":
                    item.AddInstruction(SystemText(content));
                    break;
                // The turn that the model is to begin, which chat clients send along; the prompt has it anyway.
                case "assistant" when SaysNothing(content):
                    break;
                case "assistant":
                    throw content.Invalid(
                        $"{content.Path} says something for the assistant, "
                        + "expected the user's messages alone, or an empty turn of the assistant.");
                default:
                    throw role.Error("\"user\" for what is embedded or \"system\" for the instruction");
            }
        }
        return item;
    }

    private static bool SaysNothing(JsonField content) => content.Kind switch
    {
        JsonValueKind.String => IsEmptyText(content),
        JsonValueKind.Array => content.Value.GetArrayLength() == 0
            || content.Elements(ItemBuilder.MaxParts, "parts").All(part =>
                part["type"] is { Kind: JsonValueKind.String } type && type.Text() == "text" && IsEmptyText(part["text"])),
        _ => !content.IsGiven,
    };

    private static bool IsEmptyText(JsonField field) => field.Kind == JsonValueKind.String && field.Text().Length == 0;

    private static string SystemText(JsonField content) => content.Kind == JsonValueKind.String
        ? content.Text()
        : string.Join(' ', content.Elements(ItemBuilder.MaxParts, "parts").Select(part => part["text"].Text()));
}
