using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace Rge.Training.Settings;

/// <summary>Enumerations in YAML: by their names in lower case, and where a value is none of these, with an error that says which there are.</summary>
internal sealed class ChoiceConverter : IYamlTypeConverter
{
    public bool Accepts(Type type) => type.IsEnum;

    public object ReadYaml(IParser parser, Type type, ObjectDeserializer rootDeserializer)
    {
        var given = parser.Consume<Scalar>();
        foreach (var choice in Enum.GetValues(type))
            if (Name(choice).Equals(given.Value, StringComparison.OrdinalIgnoreCase)) return choice;
        var choices = Enum.GetValues(type).Cast<object>().Select(Name);
        throw new YamlException(given.Start, given.End, $"'{given.Value}' is not known; expected one of {string.Join(", ", choices)}.");
    }

    public void WriteYaml(IEmitter emitter, object? value, Type type, ObjectSerializer serializer) => emitter.Emit(new Scalar(Name(value!)));

    /// <summary>What a value is called in YAML.</summary>
    public static string Name(object choice) => UnderscoredNamingConvention.Instance.Apply(choice.ToString()!);
}
