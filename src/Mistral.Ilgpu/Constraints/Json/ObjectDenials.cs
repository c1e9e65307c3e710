using System.Text;
using Mistral.Ilgpu.Constraints.Languages;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>The denials of an object's shape, by name.</summary>
internal sealed class ObjectDenials
{
    private const int Most = 30;

    private readonly List<(int Denial, SchemaLiteral? Value)>[] _ofNames;
    private readonly List<(int Denial, int Language, SchemaLiteral? Value)> _ofOthers = [];

    public ObjectDenials(IReadOnlyList<ObjectDenial> denials, NameTree names, LanguageFactory factory)
    {
        ConstraintLimits.Require(denials.Count <= Most, "schema", $"{denials.Count} schemas that one object must not match");
        Missing = [.. denials.Select(denial => NameSet.Of(denial.Missing.Select(names.IndexOf)))];
        _ofNames = [.. names.All.Select(_ => new List<(int, SchemaLiteral?)>())];
        Languages = [.. denials.SelectMany(denial => denial.Witnesses).Select(one => one.Names).OfType<Language>().Distinct()];
        for (int i = 0; i < denials.Count; i++)
        {
            foreach (var witness in denials[i].Witnesses)
            {
                if (witness.Name is { } name)
                {
                    _ofNames[names.IndexOf(name)].Add((i, witness.Value));
                    continue;
                }

                _ofOthers.Add((i, Array.IndexOf(Languages, witness.Names), witness.Value));
                var text = new TextAutomaton(factory, witness.Names!);
                for (int j = 0; j < names.All.Count; j++)
                {
                    if (text.Start >= 0 && !witness.Except.Contains(names.All[j])
                        && text.Accepts(Encoding.UTF8.GetBytes(names.All[j])))
                    {
                        _ofNames[j].Add((i, witness.Value));
                    }
                }
            }
        }
    }

    public int Count => Missing.Length;

    /// <summary>Of each denial, the names that an object without a witness must not have all.</summary>
    public NameSet[] Missing { get; }

    /// <summary>Languages of witnesses' names.</summary>
    public Language[] Languages { get; }

    /// <summary>The denials that a name of the shape may be a witness for, and what its value must be for that.</summary>
    public IReadOnlyList<(int Denial, SchemaLiteral? Value)> OfName(int name) => _ofNames[name];

    /// <summary>The same of a name that the shape does not name.</summary>
    /// <param name="languages">The languages that it belongs to, a bit for each.</param>
    public IEnumerable<(int Denial, SchemaLiteral? Value)> OfOther(long languages) =>
        _ofOthers.Where(one => (languages >> one.Language & 1) != 0).Select(one => (one.Denial, one.Value));

    /// <summary>The first denial that is not yet true of an object; −1 for none.</summary>
    /// <param name="seen">Its names.</param>
    /// <param name="found">Denials that it has a witness of.</param>
    public int FirstOpen(NameSet seen, int found)
    {
        for (int i = 0; i < Missing.Length; i++)
        {
            if ((found >> i & 1) == 0 && seen.Includes(Missing[i]))
            {
                return i;
            }
        }

        return -1;
    }
}
