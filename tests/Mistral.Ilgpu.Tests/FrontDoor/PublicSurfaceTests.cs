using System.Reflection;
using ILGPU;
using Xunit;

namespace Mistral.Ilgpu.Tests.FrontDoor;

/// <summary>What users of the library see. Its members are compared by the compiler with PublicAPI.Unshipped.txt.</summary>
public sealed class PublicSurfaceTests
{
    private const int MostTypes = 45;

    private static readonly Type[] Public = typeof(LanguageModel).Assembly.GetExportedTypes();

    [Fact]
    public void Types_Number_IsSmall() => Assert.InRange(Public.Length, 1, MostTypes);

    [Fact]
    public void Types_Names_AreNotThoseOfIlgpu() => Assert.Empty(
        Public.Select(type => type.Name).Intersect(typeof(Context).Assembly.GetExportedTypes().Select(type => type.Name)));

    [Fact]
    public void Members_Types_AreNotThoseOfKernelsOrIlgpu()
    {
        var hidden = new HashSet<Assembly> { typeof(Kernels.Contract.IKernel).Assembly, typeof(Context).Assembly };
        Assert.All(Public, type => Assert.All(Used(type), used => Assert.DoesNotContain(used.Assembly, hidden)));
    }

    [Fact]
    public void Exceptions_OfTheLibrary_HaveOneBase() => Assert.All(
        Public.Where(type => type.IsAssignableTo(typeof(Exception))), type => Assert.True(type.IsAssignableTo(typeof(MistralException))));

    private static IEnumerable<Type> Used(Type type) => type
        .GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
        .SelectMany(member => member switch
        {
            MethodInfo method => method.GetParameters().Select(parameter => parameter.ParameterType).Append(method.ReturnType),
            ConstructorInfo constructor => constructor.GetParameters().Select(parameter => parameter.ParameterType),
            PropertyInfo property => [property.PropertyType],
            FieldInfo field => [field.FieldType],
            _ => [],
        });
}
