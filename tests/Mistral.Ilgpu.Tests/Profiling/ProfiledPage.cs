using Mistral.Ilgpu.Tests.Cli;
using OpenQA.Selenium;
using OpenQA.Selenium.Chrome;
using Xunit;

namespace Mistral.Ilgpu.Tests.Profiling;

/// <summary>One page of <c>mistral profile --html</c>, open in one browser without a window.</summary>
public sealed class ProfiledPage : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Lazy<ChromeDriver> _browser = new(HeadlessBrowser.Start);
    private readonly Lazy<Uri> _address;

    public ProfiledPage() => _address = new(() =>
    {
        string file = _folder.File("profile.html");
        CommandRun.Of("profile", "--device", "cpu", "-p", "8", "-n", "2", "--html", file, "--quiet").Expect(0);
        return new Uri(file);
    });

    /// <summary>Shows it on a screen; what it shows must not depend on the window's own borders.</summary>
    /// <param name="scheme">light or dark.</param>
    public ChromeDriver Open(int width, int height, string scheme)
    {
        var browser = _browser.Value;
        HeadlessBrowser.Show(browser, width, height, scheme);
        browser.Navigate().GoToUrl(_address.Value);
        return browser;
    }

    public void Dispose()
    {
        if (_browser.IsValueCreated)
        {
            _browser.Value.Dispose();
        }

        _folder.Dispose();
    }
}
