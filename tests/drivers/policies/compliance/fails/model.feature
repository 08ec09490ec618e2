Feature: A model that is not allowed

  Scenario: Machines are A100
    Given I have simplepod_instance defined
    Then it must contain gpu_model
    And its value must match the "A100" regex
