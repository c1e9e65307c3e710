using Mistral.Ilgpu.Server;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Mistral.Ilgpu.Tests;

/// <summary>
/// Which folders of an assembly use which, read from its IL: signatures, fields, locals, and what its methods call and name. A
/// folder is a namespace. Constants are not seen, because the compiler copies them.
/// </summary>
internal sealed class FolderGraph
{
    // Of the libraries' own namespaces these stand on all folders; the others, such as errors and a model's sizes, under all.
    private static readonly HashSet<string> FrontDoor =
    [
        nameof(LanguageModel), nameof(LanguageModelOptions), nameof(ModelInfo), nameof(LoadProgress), nameof(LoadReports),
        nameof(OpenedModel), nameof(ChatSession), nameof(Engine), nameof(EngineStatus), nameof(EngineState),
        nameof(MistralEndpointRouteBuilderExtensions), nameof(MistralServerServiceCollectionExtensions),
    ];

    private readonly Dictionary<(string From, string To), string> _uses = [];
    private readonly ModuleDefinition _module;
    private readonly string _root;

    /// <param name="assembly">The path of an assembly.</param>
    /// <param name="root">The namespace of its top folder.</param>
    public FolderGraph(string assembly, string root)
    {
        _root = root;
        using var module = ModuleDefinition.ReadModule(assembly);
        _module = module;
        foreach (var type in module.GetTypes())
        {
            foreach (var used in Used(type))
            {
                Note(type, used);
            }
        }
    }

    /// <summary>What a folder, or one below, uses of another or of those below it; one line for each use.</summary>
    public IReadOnlyList<string> Uses(string folder, string other) =>
    [
        .. _uses.Where(use => (use.Key.From == folder || IsWithin(use.Key.From, folder)) && (use.Key.To == other || IsWithin(use.Key.To, other)))
            .Select(use => $"{use.Key.From} → {use.Key.To}: {use.Value}"),
    ];

    /// <summary>The cycles among what lies directly in a folder: its own types, and each of its subfolders with all that is
    /// below. One line for each use in a cycle, with types that make it.</summary>
    public IReadOnlyList<string> Cycles(string folder)
    {
        var uses = new Dictionary<(string From, string To), string>();
        foreach (var ((from, to), types) in _uses)
        {
            if (Part(from, folder) is { } first && Part(to, folder) is { } second && first != second)
            {
                uses.TryAdd((first, second), types);
            }
        }

        var next = uses.Keys.ToLookup(use => use.From, use => use.To);
        return [.. uses.Where(use => Reached(use.Key.To).Contains(use.Key.From)).Select(use => $"{use.Key.From} → {use.Key.To}: {use.Value}").Order(StringComparer.Ordinal)];

        HashSet<string> Reached(string start)
        {
            var seen = new HashSet<string> { start };
            var open = new Stack<string>([start]);
            while (open.TryPop(out string? part))
            {
                foreach (string to in next[part].Where(seen.Add))
                {
                    open.Push(to);
                }
            }

            return seen;
        }
    }

    private static bool IsWithin(string name, string folder) => name.StartsWith(folder + ".", StringComparison.Ordinal);

    // The folder itself stands for the types that lie directly in it.
    private static string? Part(string name, string folder) =>
        name == folder ? folder : IsWithin(name, folder) ? folder + "." + name[(folder.Length + 1)..].Split('.')[0] : null;

    private static IEnumerable<TypeReference> Used(TypeDefinition type) =>
    [
        .. type.BaseType is { } parent ? [parent] : Array.Empty<TypeReference>(),
        .. type.Interfaces.Select(implemented => implemented.InterfaceType),
        .. Constraints(type),
        .. Attributes(type),
        .. type.Fields.SelectMany(field => Attributes(field).Prepend(field.FieldType)),
        .. type.Properties.SelectMany(Attributes),
        .. type.Methods.SelectMany(Used),
    ];

    private static IEnumerable<TypeReference> Used(MethodDefinition method) =>
    [
        .. Signature(method),
        .. Constraints(method),
        .. Attributes(method),
        .. method.HasBody ? method.Body.Variables.Select(variable => variable.VariableType) : [],
        .. method.HasBody ? method.Body.ExceptionHandlers.Select(handler => handler.CatchType).OfType<TypeReference>() : [],
        .. method.HasBody ? method.Body.Instructions.SelectMany(Used) : [],
    ];

    private static IEnumerable<TypeReference> Used(Instruction instruction) => instruction.Operand switch
    {
        TypeReference type => [type],
        FieldReference field => [field.DeclaringType, field.FieldType],
        GenericInstanceMethod method => [.. method.GenericArguments, method.DeclaringType, .. Signature(method)],
        MethodReference method => [method.DeclaringType, .. Signature(method)],
        _ => [],
    };

    private static IEnumerable<TypeReference> Signature(MethodReference method) =>
        method.Parameters.Select(parameter => parameter.ParameterType).Prepend(method.ReturnType);

    private static IEnumerable<TypeReference> Constraints(IGenericParameterProvider provider) =>
        provider.GenericParameters.SelectMany(parameter => parameter.Constraints).Select(constraint => constraint.ConstraintType);

    private static IEnumerable<TypeReference> Attributes(ICustomAttributeProvider provider) =>
        provider.CustomAttributes.SelectMany(attribute => attribute.ConstructorArguments.Select(argument => argument.Value).OfType<TypeReference>().Prepend(attribute.AttributeType));

    private static IEnumerable<TypeReference> Parts(TypeReference type) => type switch
    {
        GenericInstanceType generic => [generic.ElementType, .. generic.GenericArguments.SelectMany(Parts)],
        IModifierType modified => [.. Parts(modified.ElementType), .. Parts(modified.ModifierType)],
        TypeSpecification specification => Parts(specification.ElementType),
        GenericParameter => [],
        _ => [type],
    };

    private static string Folder(TypeReference type) => type.DeclaringType is { } outer ? Folder(outer)
        : type.Namespace is "Mistral.Ilgpu" or "Mistral.Ilgpu.Server" && FrontDoor.Contains(type.Name) ? $"{type.Namespace}.FrontDoor"
        : type.Namespace;

    private static string Name(TypeReference type) => type.DeclaringType is { } outer ? Name(outer) : type.Name;

    private void Note(TypeDefinition type, TypeReference used)
    {
        string from = Folder(type);
        foreach (var part in Parts(used).Where(part => part.Scope == _module))
        {
            string to = Folder(part);
            if (from != to && IsOurs(from) && IsOurs(to))
            {
                _uses.TryAdd((from, to), $"{Name(type)} uses {Name(part)}");
            }
        }
    }

    private bool IsOurs(string folder) => folder == _root || IsWithin(folder, _root);
}
